-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 30 percent
-- Customers who came lately, come often and spend most.
select customer_id
from gold.customer_rfm
where recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4
