with

source as (

    select * from {{ source('silver', 'pos_order_lines') }}

),

renamed as (

    select
        cast(basket_id as string) as order_number,
        cast(product_id as string) as product_id,
        record_key,
        store_id,
        sold_at as ordered_at,
        {{ local_day('sold_at') }} as ordered_on,
        quantity,
        amount,
        retail_discount,
        coupon_discount,
        coupon_match_discount,
        _run_date

    from source

)

select * from renamed
