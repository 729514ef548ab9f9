with

source as (

    select * from {{ source('silver', 'marketing_campaigns') }}

),

renamed as (

    select
        campaign_id,
        record_key,
        campaign_type,
        starts_on,
        ends_on

    from source

)

select * from renamed
