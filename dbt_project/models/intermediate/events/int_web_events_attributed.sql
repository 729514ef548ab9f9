with

web_events as (

    select * from {{ ref('stg_web__events') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

),

accounts as (

    select accounts.user_id_key, customer_records.customer_id

    from {{ ref('stg_shop__accounts') }} as accounts

    inner join customer_records
        on accounts.record_key = customer_records.record_key

)

-- Who is logged in did it; without a login the one person to whom identity gives the device, if any.
select
    web_events.*,
    coalesce(accounts.customer_id, customer_records.customer_id) as customer_id

from web_events

left join accounts
    on web_events.user_id_key = accounts.user_id_key

left join customer_records
    on web_events.device_key = customer_records.record_key

where not web_events.is_bot and web_events.visitor_key is not null
