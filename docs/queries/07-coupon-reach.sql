-- How many of those who received a campaign handed in one of its coupons.
select
    campaign_type,
    count(distinct touches.customer_id) as received,
    count(distinct redemptions.customer_id) as redeemed,
    round(count(distinct redemptions.customer_id) / count(distinct touches.customer_id), 3) as share
from gold.campaign_touches as touches
left join gold.coupon_redemptions as redemptions using (customer_id, campaign_id)
group by campaign_type
order by received desc
