-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: every 30 minutes
-- guard: size between 1 and 1000000, change at most 90 percent
-- Customers who viewed or carted something in the last 7 days and did not buy, neither here nor at the till.
select customer_events.customer_id
from gold.customer_events
inner join gold.customers on customer_events.customer_id = customers.customer_id
where
    occurred_on between date_sub(:run_date, 6) and :run_date
    and not exists (
        select 1 from gold.orders
        where orders.customer_id = customers.customer_id and ordered_on between date_sub(:run_date, 6) and :run_date
    )
group by customer_events.customer_id
having
    count_if(event in ('Product Viewed', 'Product Added')) > 0
    and count_if(event = 'Order Completed') = 0
