-- owner: growth-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 60 percent
-- Customers whose first order is at most 120 days old and who are expected to spend more than the average.
with scores as (
    select customer_id, predicted_spend from ml.ltv_scores
    where horizon_days = 60 and scored_for = 'model'
)
select customer_id
from gold.customers
inner join scores using (customer_id)
where
    first_ordered_on > date_sub(:run_date, 120)
    and predicted_spend > (select avg(predicted_spend) from scores)
