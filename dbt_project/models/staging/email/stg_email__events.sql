with

source as (

    select * from {{ source('silver', 'email_events') }}

),

renamed as (

    select
        'email-' || event_id as event_id,
        record_key as visitor_key,
        event,
        campaign_id,
        occurred_at,
        {{ local_day('occurred_at') }} as occurred_on,
        _run_date

    from source

)

select * from renamed
