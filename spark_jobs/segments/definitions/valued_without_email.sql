-- owner: growth-team
-- allowed purposes: marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 30 percent
-- The fifth of customers with the highest expected spend who cannot be written to: reach them by advertising.
with ranked as (
    select customer_id, ntile(5) over (order by predicted_spend desc, customer_id) as fifth
    from ml.ltv_scores
)
select customer_id
from ranked
inner join gold.customers using (customer_id)
where fifth = 1 and not is_email_allowed
