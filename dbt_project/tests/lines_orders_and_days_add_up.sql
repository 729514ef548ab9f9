-- Harm: spend per customer that depends on which table one asks.
with

lines as (

    select sum(amount) as amount from {{ ref('order_lines') }}

),

orders as (

    select
        sum(order_total) as amount,
        sum(order_total) filter (where customer_id is not null) as amount_of_customers

    from {{ ref('orders') }}

),

days as (

    select sum(spend) as amount from {{ ref('customer_activity_daily') }}

)

select 1 as differs

from lines, orders, days

where
    lines.amount is distinct from orders.amount
    or orders.amount_of_customers is distinct from days.amount
