-- Of those who ordered in a month, how many had ordered before it.
with monthly as (
    select
        customer_id,
        date_trunc('month', ordered_on)::date as month,
        min(min(ordered_on)) over (partition by customer_id) as first_ordered_on
    from gold.orders
    where customer_id is not null
    group by customer_id, month
)
select
    month,
    count(*) as buyers,
    round(avg((first_ordered_on < month)::int), 3) as repeat_rate
from monthly
group by month
order by month
