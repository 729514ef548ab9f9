-- owner: growth-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 1 and 1000000, change at most 60 percent
-- Customers whose first order is at most 120 days old and whose expected spend is above the average.
select customer_id
from gold.customers
inner join ml.ltv_scores using (customer_id)
where
    first_ordered_on > date_sub(:run_date, 120)
    and predicted_spend > (select avg(predicted_spend) from ml.ltv_scores)
