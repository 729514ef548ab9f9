with

source as (

    select * from {{ source('silver', 'consent_preferences') }}

),

renamed as (

    select
        preference_id,
        record_key,
        purpose,
        status,
        changed_at

    from source

)

select * from renamed
