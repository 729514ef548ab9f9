with

source as (

    select * from {{ source('silver', 'web_events') }}

),

renamed as (

    select
        'web-' || message_id as event_id,
        coalesce(record_key, user_id_key) as visitor_key,
        record_key as device_key,
        user_id_key,
        case type
            when 'track' then event
            when 'page' then 'Page Viewed'
            when 'screen' then 'Screen Viewed'
            when 'identify' then 'Identified'
            else initcap(type)
        end as event,
        occurred_at,
        {{ local_day('occurred_at') }} as occurred_on,
        order_id as order_number,
        cast(product_id as string) as product_id,
        quantity,
        price,
        revenue,
        products,
        consent,
        tc_consent,
        coalesce(sec_gpc in ('1', 'true'), false) as is_gpc,
        coalesce(lower(user_agent) rlike 'bot|crawl|spider|slurp|headless', false) as is_bot,
        _run_date

    from source

)

select * from renamed
