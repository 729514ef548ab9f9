-- What was put into a cart in the last seven days and not bought since by the same customer.
with last_day as (
    select max(occurred_on) as day from gold.customer_events
),
carted as (
    select customer_id, product_id, max(occurred_at) as carted_at
    from gold.customer_events
    cross join last_day
    where event = 'Product Added' and customer_id is not null and occurred_on > day - 7
    group by customer_id, product_id
)
select product_name, count(*) as carts
from carted
inner join gold.products using (product_id)
where not exists (
    select 1 from gold.order_lines
    where order_lines.customer_id = carted.customer_id
        and order_lines.product_id = carted.product_id
        and order_lines.ordered_at >= carted.carted_at
)
group by product_name
order by carts desc, product_name
limit 15
