{{
    config(
        incremental_strategy='merge',
        unique_key=['customer_id', 'activity_on'],
        meta={'touched': {'model': 'int_touched_customers', 'key': 'customer_id'}},
    )
}}

with

touched as (

    {{ touched('int_touched_customers', 'customer_id') }}

),

orders as (

    select * from {{ ref('orders') }}

),

sessions as (

    select * from {{ ref('sessions') }}

),

email_events as (

    select * from {{ ref('customer_events') }}

    where source = 'email' and event in ('Email Opened', 'Email Link Clicked')

),

activities as (

    select
        customer_id,
        ordered_on as activity_on,
        1 as count_orders,
        order_total as spend,
        count_items,
        discount_total as discount,
        coupon_total as coupon_discount,
        0 as count_sessions,
        0 as count_product_views,
        0 as count_carts,
        0 as count_email_opens,
        0 as count_email_clicks

    from orders

    union all

    select customer_id, started_on, 0, 0, 0, 0, 0, 1, count_product_views, count_carts, 0, 0 from sessions

    union all

    select
        customer_id, occurred_on, 0, 0, 0, 0, 0, 0, 0, 0,
        if(event = 'Email Opened', 1, 0),
        if(event = 'Email Link Clicked', 1, 0)

    from email_events

),

activities_of_customers as (

    select activities.* from activities

    {% if is_incremental() %}

    left semi join touched
        on activities.customer_id = touched.customer_id

    {% endif %}

    where activities.customer_id is not null

)

select
    customer_id,
    activity_on,
    cast(sum(count_orders) as int) as count_orders,
    cast(sum(spend) as decimal(12, 2)) as spend,
    cast(sum(count_items) as int) as count_items,
    cast(sum(discount) as decimal(12, 2)) as discount,
    cast(sum(coupon_discount) as decimal(12, 2)) as coupon_discount,
    cast(sum(count_sessions) as int) as count_sessions,
    cast(sum(count_product_views) as int) as count_product_views,
    cast(sum(count_carts) as int) as count_carts,
    cast(sum(count_email_opens) as int) as count_email_opens,
    cast(sum(count_email_clicks) as int) as count_email_clicks

from activities_of_customers

group by customer_id, activity_on
