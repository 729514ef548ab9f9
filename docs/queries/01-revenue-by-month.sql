-- Revenue, orders and buying customers of each month, on the shop's clock.
select
    date_trunc('month', ordered_on)::date as month,
    sum(order_total) as revenue,
    count(*) as orders,
    count(distinct customer_id) as buyers
from gold.orders
group by month
order by month
