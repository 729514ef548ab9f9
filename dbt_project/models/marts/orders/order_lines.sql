{{
    config(
        incremental_strategy='merge',
        unique_key=['order_id', 'product_id'],
        meta={'touched': {'model': 'int_touched_orders', 'key': 'order_number', 'column': 'source_order_id'}},
    )
}}

with

touched as (

    {{ touched('int_touched_orders', 'order_number') }}

),

lines as (

    select lines.* from {{ ref('int_order_lines') }} as lines

    {% if is_incremental() %}

    left semi join touched
        on lines.order_number = touched.order_number

    {% endif %}

)

select
    order_id,
    source,
    order_number as source_order_id,
    product_id,
    customer_id,
    quantity,
    item_quantity,
    amount,
    retail_discount,
    coupon_discount,
    coupon_match_discount,
    ordered_on,
    currency

from lines
