with

records as (

    select * from {{ ref('stg_identity__records') }}

),

customers_with_more_than_devices as (

    select distinct customer_id from records

    where record_kind <> 'device'

)

select
    records.record_key,
    records.source,
    records.record_kind,
    records.customer_id

from records

left semi join customers_with_more_than_devices
    on records.customer_id = customers_with_more_than_devices.customer_id
