with

source as (

    select * from {{ source('silver', 'crm_contacts') }}

),

renamed as (

    select
        record_key,
        country,
        gender,
        language,
        created_at,
        updated_at

    from source

)

select * from renamed
