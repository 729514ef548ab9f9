with

source as (

    select * from {{ source('identity', 'customer_records') }}

),

renamed as (

    select
        record_key,
        source,
        record_kind,
        customer_id

    from source

    where tier = 'strict'
        and is_current

)

select * from renamed
