with

source as (

    select * from {{ source('silver', 'shop_accounts') }}

),

renamed as (

    select
        record_key,
        user_id_key,
        country,
        is_email_verified,
        created_at,
        updated_at

    from source

)

select * from renamed
