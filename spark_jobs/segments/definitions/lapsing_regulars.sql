-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 60 percent
-- Customers who came often, and whom the model puts among the fifth most likely to stay away for 30 days.
select customer_id
from gold.customer_rfm
inner join ml.churn_scores using (customer_id)
where frequency_score >= 3 and horizon_days = 30 and scored_for = 'model' and churn_decile <= 2
