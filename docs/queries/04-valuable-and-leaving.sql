-- Customers whose predicted spend is in the upper tenths and who may not come back.
with churn as (
    select customer_id, churn_probability from ml.churn_scores where scored_for = 'model'
),
spend as (
    select customer_id, predicted_spend, spend_decile from ml.ltv_scores
    where scored_for = 'model'
    qualify horizon_days = max(horizon_days) over (partition by customer_id)
)
select customer_id, churn_probability, predicted_spend
from churn
inner join spend using (customer_id)
where spend_decile <= 3
order by churn_probability desc, customer_id
limit 20
