with

contacts as (

    select * from {{ ref('pii_customers') }}

),

origins as (

    select * from {{ ref('int_customer_origins') }}

),

permissions as (

    select * from {{ ref('int_customer_permissions') }}

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
    with_age.gender,
    with_age.language,
    '{{ var('currency') }}' as currency,
    origins.count_records,
    origins.count_sources,
    origins.has_loyalty_card,
    origins.has_shop_account,
    permissions.is_email_allowed,
    permissions.is_ads_allowed,
    permissions.is_profiling_allowed,
    permissions.is_personalisation_allowed,
    permissions.is_analytics_allowed

from with_age

inner join origins
    on with_age.customer_id = origins.customer_id

inner join permissions
    on with_age.customer_id = permissions.customer_id

left join demographics
    on with_age.customer_id = demographics.customer_id

left join ordered
    on with_age.customer_id = ordered.customer_id
