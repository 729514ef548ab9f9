with

source as (

    select * from {{ source('silver', 'marketing_redemptions') }}

),

renamed as (

    select
        record_key,
        cast(coupon_upc as string) as coupon_upc,
        campaign_id,
        redeemed_on

    from source

)

select * from renamed
