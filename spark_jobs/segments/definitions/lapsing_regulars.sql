-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 60 percent
-- Regular customers whom the model expects to stay away.
select customer_id
from gold.customer_rfm
inner join ml.churn_scores using (customer_id)
where frequency_score >= 3 and churn_probability > 0.2
