{% snapshot customers_history %}

{{
    config(
        unique_key='customer_id',
        strategy='check',
        check_cols='all',
        updated_at=run_date(),
        hard_deletes='invalidate',
        snapshot_meta_column_names={
            'dbt_valid_from': 'valid_from',
            'dbt_valid_to': 'valid_to',
            'dbt_scd_id': 'version_id',
            'dbt_updated_at': 'decided_on',
        },
    )
}}

-- What moves with every purchase has its history in orders; here stands what a customer is.
select
    customer_id,
    acquisition_source,
    region,
    postal_area,
    country,
    age_band,
    income_band,
    household_size,
    gender,
    language,
    count_records,
    count_sources,
    has_loyalty_card,
    has_shop_account,
    is_email_allowed,
    is_ads_allowed,
    is_profiling_allowed,
    is_personalisation_allowed,
    is_analytics_allowed

from {{ ref('customers') }}

{% endsnapshot %}
