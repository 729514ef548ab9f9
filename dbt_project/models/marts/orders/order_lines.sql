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

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

),

web_orders as (

    select order_number, customer_id from {{ ref('int_web_orders') }}

    where has_till_basket

),

products as (

    select product_id, is_petrol, is_item from {{ ref('int_products_classified') }}

),

lines as (

    select
        'pos-' || order_number as order_id,
        'pos' as source,
        order_number as source_order_id,
        product_id,
        record_key,
        store_id,
        cast(null as string) as web_customer_id,
        ordered_at,
        ordered_on,
        quantity,
        amount,
        retail_discount,
        coupon_discount,
        coupon_match_discount,
        _run_date

    from {{ ref('stg_pos__order_lines') }}

    union all

    select
        order_id, 'shop', order_number, product_id, record_key, null, customer_id, ordered_at, ordered_on,
        quantity, amount, 0, 0, 0, _run_date

    from {{ ref('int_shop_lines') }}

),

lines_to_decide as (

    select lines.* from lines

    {% if is_incremental() %}

    left semi join touched
        on lines.source_order_id = touched.order_number

    {% endif %}

)

select
    lines.order_id,
    lines.source,
    lines.source_order_id,
    lines.product_id,
    lines.record_key,
    -- The card at the till comes first, then who ordered the basket on the web.
    coalesce(
        if(lines.source = 'pos', customer_records.customer_id, lines.web_customer_id), web_orders.customer_id
    ) as customer_id,
    lines.store_id,
    lines.ordered_at,
    lines.ordered_on,
    lines.quantity,
    case
        when products.is_petrol then 1
        when not products.is_item then 0
        else lines.quantity
    end as item_quantity,
    lines.amount,
    cast(lines.retail_discount as decimal(12, 2)) as retail_discount,
    cast(lines.coupon_discount as decimal(12, 2)) as coupon_discount,
    cast(lines.coupon_match_discount as decimal(12, 2)) as coupon_match_discount,
    {{ currency() }} as currency,
    lines._run_date

from lines_to_decide as lines

left join customer_records
    on lines.record_key = customer_records.record_key

left join web_orders
    on lines.source_order_id = web_orders.order_number

left join products
    on lines.product_id = products.product_id
