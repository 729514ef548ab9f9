with

source as (

    select * from {{ source('silver', 'pos_products') }}

),

renamed as (

    select
        cast(product_id as string) as product_id,
        manufacturer_id,
        department,
        product_category,
        product_type,
        brand,
        package_size,
        _closed_on is null as is_current,
        _run_date

    from source

)

select * from renamed
