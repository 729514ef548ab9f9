{{ config(materialized='incremental', incremental_strategy='insert_overwrite') }}

with

records as (

    select * from {{ ref('stg_identity__records') }}

),

customers_with_more_than_devices as (

    select distinct customer_id from records

    where record_kind <> 'device'

),

accounts as (

    select record_key, user_id_key from {{ ref('stg_shop__accounts') }}

)

select
    records.record_key,
    records.source,
    records.record_kind,
    accounts.user_id_key,
    records.customer_id

from records

left semi join customers_with_more_than_devices
    on records.customer_id = customers_with_more_than_devices.customer_id

left join accounts
    on records.record_key = accounts.record_key
