{{
    config(
        incremental_strategy='merge',
        unique_key='order_id',
        meta={'touched': {'model': 'int_touched_orders', 'key': 'order_number', 'column': 'source_order_id'}},
    )
}}

with

touched as (

    {{ touched('int_touched_orders', 'order_number') }}

),

lines as (

    select lines.* from {{ ref('order_lines') }} as lines

    {% if is_incremental() %}

    left semi join touched
        on lines.source_order_id = touched.order_number

    {% endif %}

),

web_orders as (

    select web_orders.order_id, events.session_id, web_orders._run_date

    from {{ ref('int_web_orders') }} as web_orders

    inner join {{ ref('customer_events') }} as events
        on web_orders.event_id = events.event_id

),

orders as (

    select
        order_id,
        any_value(source) as source,
        any_value(source_order_id) as source_order_id,
        max(record_key) as record_key,
        max(customer_id) as customer_id,
        max(store_id) as store_id,
        min(ordered_at) as ordered_at,
        min(ordered_on) as ordered_on,
        cast(sum(amount) as decimal(12, 2)) as order_total,
        cast(sum(retail_discount + coupon_discount + coupon_match_discount) as decimal(12, 2)) as discount_total,
        cast(sum(coupon_discount + coupon_match_discount) as decimal(12, 2)) as coupon_total,
        cast(count(*) as int) as count_lines,
        cast(sum(item_quantity) as int) as count_items,
        any_value(currency) as currency,
        collect_set(_run_date) as _run_dates

    from lines

    group by order_id

)

-- The till owns the money; the web event only says through which door the order came.
select
    orders.order_id,
    orders.source,
    orders.source_order_id,
    if(web_orders.order_id is null, 'store', 'web') as channel,
    orders.record_key,
    orders.customer_id,
    orders.store_id,
    web_orders.session_id,
    orders.ordered_at,
    orders.ordered_on,
    orders.order_total,
    orders.discount_total,
    orders.coupon_total,
    orders.count_lines,
    orders.count_items,
    orders.currency,
    array_sort(array_union(orders._run_dates, filter(array(web_orders._run_date), day -> day is not null))) as _run_dates

from orders

left join web_orders
    on orders.order_id = web_orders.order_id
