with

source as (

    select * from {{ source('silver', 'thirdparty_demographics') }}

),

renamed as (

    select
        record_key,
        age_band,
        income_band,
        household_size,
        household_type,
        kids_count

    from source

)

select * from renamed
