-- depends_on: {{ ref('int_touched_orders') }} compares with the products of the last night
with

products as (

    select * from {{ ref('int_products_classified') }}

)

select
    product_id,
    concat_ws(
        ', ',
        initcap(coalesce(product_type, product_category, department)),
        lower(nullif(trim(package_size), ''))
    ) as product_name,
    department,
    product_category,
    product_type,
    brand,
    manufacturer_id,
    package_size,
    is_recommendable and is_current as is_recommendable,
    is_petrol,
    is_item,
    is_current

from products
