with

source as (

    select * from {{ source('silver', 'loyalty_accounts') }}

),

renamed as (

    select
        record_key,
        loyalty_card_key,
        country,
        enrolled_on,
        updated_at

    from source

)

select * from renamed
