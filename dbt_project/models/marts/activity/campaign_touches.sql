with

campaigns as (

    select * from {{ ref('stg_marketing__campaigns') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

)

-- Two cards of one customer may have received the same campaign: that is one touch.
select
    customer_records.customer_id,
    campaigns.campaign_id,
    min(campaigns.campaign_type) as campaign_type,
    min(campaigns.starts_on) as starts_on,
    max(campaigns.ends_on) as ends_on

from campaigns

inner join customer_records
    on campaigns.record_key = customer_records.record_key

group by customer_records.customer_id, campaigns.campaign_id
