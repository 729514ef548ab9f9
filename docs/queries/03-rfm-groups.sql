-- How many customers are in each RFM group, and what they spent in the last 365 days.
select
    rfm_group,
    count(*) as customers,
    sum(monetary) as spend,
    round(avg(recency_days), 1) as mean_days_since_last_order
from gold.customer_rfm
group by rfm_group
order by spend desc
