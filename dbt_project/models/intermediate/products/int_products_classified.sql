with

products as (

    select * from {{ ref('stg_pos__products') }}

),

department_rules as (

    select * from {{ ref('product_rules') }} where attribute = 'department'

),

category_rules as (

    select * from {{ ref('product_rules') }} where attribute = 'product_category'

),

type_rules as (

    select * from {{ ref('product_rules') }} where attribute = 'product_type'

)

select
    products.product_id,
    products.manufacturer_id,
    products.department,
    products.product_category,
    products.product_type,
    products.brand,
    products.package_size,
    products.is_current,
    coalesce(department_rules.is_petrol, false)
    or coalesce(category_rules.is_petrol, false)
    or coalesce(type_rules.is_petrol, false) as is_petrol,
    coalesce(department_rules.is_item, true)
    and coalesce(category_rules.is_item, true)
    and coalesce(type_rules.is_item, true) as is_item,
    coalesce(department_rules.is_recommendable, true)
    and coalesce(category_rules.is_recommendable, true)
    and coalesce(type_rules.is_recommendable, true) as is_recommendable

from products

left join department_rules
    on products.department <=> department_rules.value

left join category_rules
    on products.product_category <=> category_rules.value

left join type_rules
    on products.product_type <=> type_rules.value
