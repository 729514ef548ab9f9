with

web_events as (

    select * from {{ ref('stg_web__events') }}

    where not is_bot and visitor_key is not null

),

customer_records as (

    select * from {{ ref('int_customer_records') }}

)

-- Who is logged in did it; without a login the one person to whom identity gives the device, if any.
select
    web_events.event_id,
    web_events.visitor_key,
    web_events.device_key,
    web_events.user_id_key as account_key,
    coalesce(accounts.customer_id, devices.customer_id) as customer_id,
    web_events.event,
    web_events.occurred_at,
    web_events.occurred_on,
    web_events.order_number,
    web_events.product_id,
    web_events.quantity,
    web_events.price,
    web_events.revenue,
    web_events.products,
    web_events.consent,
    web_events.tc_consent,
    web_events.is_gpc,
    web_events._run_date

from web_events

left join customer_records as accounts
    on web_events.user_id_key = accounts.user_id_key

left join customer_records as devices
    on web_events.device_key = devices.record_key
