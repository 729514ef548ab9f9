-- Where the money comes from: departments by what the retailer received.
select
    coalesce(department, 'unknown') as department,
    sum(amount) as revenue,
    count(distinct order_id) as orders
from gold.order_lines
left join gold.products using (product_id)
group by department
order by revenue desc
limit 15
