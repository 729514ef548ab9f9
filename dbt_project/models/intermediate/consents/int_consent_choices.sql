with

preferences as (

    select record_key, purpose, status, changed_at from {{ ref('stg_consent__preferences') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

),

known_purposes as (

    select purpose from {{ ref('purposes') }}

),

of_preference_centre as (

    select
        customer_records.customer_id,
        preferences.record_key,
        preferences.purpose,
        preferences.status,
        preferences.changed_at as chosen_at,
        'consent' as source

    from preferences

    inner join customer_records
        on preferences.record_key = customer_records.record_key

    left semi join known_purposes
        on preferences.purpose = known_purposes.purpose

),

-- A change in the banner says what was chosen, as a map or a TC string; so does the string of a login. A browser
-- that sends Sec-GPC refuses with every call what would sell or share.
of_web_events as (

    select
        customer_id,
        visitor_key as record_key,
        inline(
            concat(
                if(event = 'Consent Preference Updated' and consent is not null, map_entries(consent), array()),
                if(
                    event in ('Consent Preference Updated', 'Identified') and tc_consent is not null,
                    map_entries(tc_consent),
                    array()
                ),
                if(
                    is_gpc,
                    map_entries(
                        map(
                            'marketing_ads', false,
                            'ad_user_data', false,
                            'ad_personalization', false,
                            'third_party_sharing', false
                        )
                    ),
                    array()
                )
            )
        ) as (purpose, is_granted),
        occurred_at as chosen_at

    from {{ ref('int_web_events_attributed') }}

    where
        customer_id is not null
        and (event = 'Consent Preference Updated' or is_gpc or (event = 'Identified' and tc_consent is not null))

),

unsubscribed as (

    select
        customer_records.customer_id,
        events.visitor_key as record_key,
        events.occurred_at as chosen_at

    from {{ ref('stg_email__events') }} as events

    inner join customer_records
        on events.visitor_key = customer_records.record_key

    where events.event in ('Unsubscribed', 'Email Marked as Spam')

),

-- Whoever unsubscribes takes back what was granted anywhere, until it is granted there again.
of_unsubscribers as (

    select distinct
        unsubscribed.customer_id,
        coalesce(of_preference_centre.record_key, unsubscribed.record_key) as record_key,
        unsubscribed.chosen_at

    from unsubscribed

    left join of_preference_centre
        on
            unsubscribed.customer_id = of_preference_centre.customer_id
            and of_preference_centre.purpose = 'marketing_email'

)

select customer_id, record_key, purpose, status, chosen_at, source from of_preference_centre

union all

select
    of_web_events.customer_id,
    of_web_events.record_key,
    of_web_events.purpose,
    if(of_web_events.is_granted, 'granted', 'denied'),
    of_web_events.chosen_at,
    'web'

from of_web_events

left semi join known_purposes
    on of_web_events.purpose = known_purposes.purpose

union all

select customer_id, record_key, 'marketing_email', 'revoked', chosen_at, 'email' from of_unsubscribers
