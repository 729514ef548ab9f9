-- owner: growth-team
-- allowed purposes: marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 30 percent
-- The fifth with the highest expected spend, where it may not be written to: reach it by advertising.
select customer_id
from gold.customers
inner join ml.ltv_scores using (customer_id)
where horizon_days = 60 and scored_for = 'model' and spend_decile <= 2 and not is_email_allowed
