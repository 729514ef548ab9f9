{{ config(materialized='incremental', incremental_strategy='insert_overwrite') }}

with

order_events as (

    select
        *,
        row_number() over (partition by order_number order by occurred_at, event_id) as place

    from {{ ref('int_web_events_attributed') }}

    where event = 'Order Completed' and order_number is not null

),

till_baskets as (

    select distinct order_number from {{ ref('stg_pos__order_lines') }}

    where order_number in (select order_number from order_events)

)

select
    order_events.order_number,
    case when till_baskets.order_number is null then 'shop-' else 'pos-' end || order_events.order_number as order_id,
    till_baskets.order_number is not null as has_till_basket,
    order_events.event_id,
    order_events.visitor_key,
    order_events.customer_id,
    order_events.occurred_at as ordered_at,
    order_events.occurred_on as ordered_on,
    order_events.revenue,
    order_events.products,
    order_events._run_date

from order_events

left join till_baskets
    on order_events.order_number = till_baskets.order_number

where order_events.place = 1
