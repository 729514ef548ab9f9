{{
    config(
        incremental_strategy='merge',
        unique_key='event_id',
        meta={'touched': {'model': 'int_touched_visitors', 'key': 'visitor_key'}},
    )
}}

with

touched as (

    {{ touched('int_touched_visitors', 'visitor_key') }}

),

web_events as (

    select web_events.* from {{ ref('int_web_events_attributed') }} as web_events

    {% if is_incremental() %}

    left semi join touched
        on web_events.visitor_key = touched.visitor_key

    {% endif %}

),

email_events as (

    select email_events.* from {{ ref('stg_email__events') }} as email_events

    {% if is_incremental() %}

    left semi join touched
        on email_events.visitor_key = touched.visitor_key

    {% endif %}

),

web_orders as (

    select order_number, order_id from {{ ref('int_web_orders') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

),

-- A visit ends after thirty minutes without an event.
with_visit_start as (

    select
        *,
        coalesce(
            timestampdiff(
                second, lag(occurred_at) over (partition by visitor_key order by occurred_at, event_id), occurred_at
            ) > 30 * 60,
            true
        ) as is_visit_start

    from web_events

),

-- Named after its first event, a visit keeps its id for as long as nothing earlier is learned of it.
with_visit as (

    select
        *,
        last_value(case when is_visit_start then event_id end, true) over (
            partition by visitor_key
            order by occurred_at, event_id
        ) as visit_start_event_id

    from with_visit_start

),

web as (

    select
        with_visit.event_id,
        'web' as source,
        with_visit.customer_id,
        with_visit.visitor_key,
        with_visit.device_key,
        with_visit.account_key,
        'S' || left(sha2(with_visit.visit_start_event_id, 256), 16) as session_id,
        with_visit.event,
        with_visit.occurred_at,
        with_visit.occurred_on,
        with_visit.product_id,
        cast(null as int) as campaign_id,
        web_orders.order_id,
        with_visit.quantity,
        with_visit.price,
        with_visit._run_date

    from with_visit

    left join web_orders
        on with_visit.order_number = web_orders.order_number

),

email as (

    select
        email_events.event_id,
        'email' as source,
        customer_records.customer_id,
        email_events.visitor_key,
        cast(null as string) as device_key,
        cast(null as string) as account_key,
        cast(null as string) as session_id,
        email_events.event,
        email_events.occurred_at,
        email_events.occurred_on,
        cast(null as string) as product_id,
        email_events.campaign_id,
        cast(null as string) as order_id,
        cast(null as int) as quantity,
        cast(null as decimal(12, 2)) as price,
        email_events._run_date

    from email_events

    left join customer_records
        on email_events.visitor_key = customer_records.record_key

)

select * from web

union all

select * from email
