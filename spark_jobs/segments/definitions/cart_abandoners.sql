-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: every 30 minutes
-- guard: size between 1 and 1000000, change at most 90 percent
-- Customers who viewed or carted something in the last 7 days and did not buy.
select customer_id
from gold.customer_activity_daily
inner join gold.customers using (customer_id)
where activity_on between date_sub(:run_date, 6) and :run_date
group by customer_id
having sum(count_product_views + count_carts) > 0 and sum(count_orders) = 0
