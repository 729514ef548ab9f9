with

contacts as (

    select * from {{ ref('pii_customers') }}

),

origins as (

    select * from {{ ref('int_customer_origins') }}

),

choices as (

    select
        customer_id,
        map_from_entries(collect_list(struct(purpose, status = 'granted'))) as is_granted

    from {{ ref('consents') }}

    where is_current

    group by customer_id

),

-- Opt-in: no record means no. Opt-out: only a denial or a withdrawal means no.
defaults as (

    select map_from_entries(collect_list(struct(purpose, rule = 'opt_out'))) as is_granted

    from {{ ref('purposes') }}

),

demographics as (

    select
        customer_records.customer_id,
        max_by(struct(demographics.*), demographics.record_key) as bands

    from {{ ref('stg_thirdparty__demographics') }} as demographics

    inner join {{ ref('int_customer_records') }} as customer_records
        on demographics.record_key = customer_records.record_key

    group by customer_records.customer_id

),

ordered as (

    select
        customer_id,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on

    from {{ ref('orders') }}

    where ordered_on < {{ as_of_date() }}

    group by customer_id

),

households as (

    select * from {{ ref('stg_identity__households') }}

),

with_age as (

    select
        *,
        floor(months_between({{ run_date() }}, birth_date) / 12) as age

    from contacts

)

select
    with_age.customer_id,
    least(origins.first_seen_on, ordered.first_ordered_on) as first_seen_on,
    ordered.first_ordered_on,
    ordered.last_ordered_on,
    origins.acquisition_source,
    with_age.state as region,
    left(with_age.postal_code, 3) as postal_area,
    with_age.country,
    coalesce(
        demographics.bands.age_band,
        case
            when with_age.age < 19 then '18 and under'
            when with_age.age < 25 then '19-24'
            when with_age.age < 35 then '25-34'
            when with_age.age < 45 then '35-44'
            when with_age.age < 55 then '45-54'
            when with_age.age < 65 then '55-64'
            when with_age.age >= 65 then '65+'
        end
    ) as age_band,
    demographics.bands.income_band,
    demographics.bands.household_size,
    households.household_id,
    with_age.gender,
    with_age.language,
    {{ currency() }} as currency,
    origins.count_records,
    origins.count_sources,
    origins.has_loyalty_card,
    origins.has_shop_account,
    coalesce(choices.is_granted['marketing_email'], defaults.is_granted['marketing_email'], false) as is_email_allowed,
    coalesce(choices.is_granted['marketing_ads'], defaults.is_granted['marketing_ads'], false) as is_ads_allowed,
    coalesce(choices.is_granted['profiling'], defaults.is_granted['profiling'], false) as is_profiling_allowed,
    coalesce(choices.is_granted['personalisation'], defaults.is_granted['personalisation'], false) as is_personalisation_allowed,
    coalesce(choices.is_granted['analytics'], defaults.is_granted['analytics'], false) as is_analytics_allowed

from with_age

inner join origins
    on with_age.customer_id = origins.customer_id

cross join defaults

left join choices
    on with_age.customer_id = choices.customer_id

left join demographics
    on with_age.customer_id = demographics.customer_id

left join ordered
    on with_age.customer_id = ordered.customer_id

left join households
    on with_age.customer_id = households.customer_id
