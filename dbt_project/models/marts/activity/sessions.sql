{{
    config(
        incremental_strategy='merge',
        unique_key='session_id',
        meta={'touched': {'model': 'int_touched_visitors', 'key': 'visitor_key'}},
    )
}}

with

touched as (

    {{ touched('int_touched_visitors', 'visitor_key') }}

),

events as (

    select events.* from {{ ref('customer_events') }} as events

    {% if is_incremental() %}

    left semi join touched
        on events.visitor_key = touched.visitor_key

    {% endif %}

    where events.session_id is not null

),

sessions as (

    select
        session_id,
        any_value(visitor_key) as visitor_key,
        any_value(device_key) as device_key,
        -- On a shared device the last login says whose visit it was.
        max_by(customer_id, struct(account_key is not null, occurred_at, event_id)) as customer_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        min(occurred_on) as started_on,
        cast(count(*) as int) as count_events,
        cast(count_if(event = 'Product Viewed') as int) as count_product_views,
        cast(count_if(event = 'Product Added') as int) as count_carts,
        bool_or(event = 'Order Completed') as has_order

    from events

    group by session_id

)

select * from sessions
