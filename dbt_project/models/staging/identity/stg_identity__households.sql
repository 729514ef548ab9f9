with

source as (

    select * from {{ source('identity', 'households') }}

),

renamed as (

    select
        customer_id,
        household_id

    from source

)

select * from renamed
