with

lines as (

    select * from {{ ref('int_till_lines') }}

    union all

    select * from {{ ref('int_shop_lines') }}

),

products as (

    select product_id, is_petrol, is_item from {{ ref('int_products_classified') }}

)

select
    lines.*,
    case
        when products.is_petrol then 1
        when not products.is_item then 0
        else lines.quantity
    end as item_quantity,
    '{{ var('currency') }}' as currency

from lines

left join products
    on lines.product_id = products.product_id
