with

touched_orders as (

    select * from {{ ref('int_touched_orders') }}

),

touched_visitors as (

    select * from {{ ref('int_touched_visitors') }}

)

select run_date, previous_customer_id as customer_id from touched_orders

union all

select run_date, previous_customer_id from touched_visitors

union all

select touched_orders.run_date, orders.customer_id

from {{ ref('orders') }} as orders

inner join touched_orders
    on orders.source_order_id = touched_orders.order_number

union all

select touched_visitors.run_date, events.customer_id

from {{ ref('customer_events') }} as events

inner join touched_visitors
    on events.visitor_key = touched_visitors.visitor_key
