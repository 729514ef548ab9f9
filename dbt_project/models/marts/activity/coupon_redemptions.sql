with

redemptions as (

    select * from {{ ref('stg_marketing__redemptions') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

)

select
    customer_records.customer_id,
    redemptions.coupon_upc,
    redemptions.campaign_id,
    redemptions.redeemed_on

from redemptions

inner join customer_records
    on redemptions.record_key = customer_records.record_key

group by all
