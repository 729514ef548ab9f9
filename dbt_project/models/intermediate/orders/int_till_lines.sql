with

till_lines as (

    select * from {{ ref('stg_pos__order_lines') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

),

web_orders as (

    select order_number, customer_id from {{ ref('int_web_orders') }}

    where has_till_basket

)

select
    'pos-' || till_lines.order_number as order_id,
    'pos' as source,
    till_lines.order_number,
    till_lines.product_id,
    till_lines.record_key,
    coalesce(customer_records.customer_id, web_orders.customer_id) as customer_id,
    till_lines.store_id,
    till_lines.ordered_at,
    till_lines.ordered_on,
    till_lines.quantity,
    till_lines.amount,
    till_lines.retail_discount,
    till_lines.coupon_discount,
    till_lines.coupon_match_discount,
    till_lines._run_date

from till_lines

left join customer_records
    on till_lines.record_key = customer_records.record_key

left join web_orders
    on till_lines.order_number = web_orders.order_number
