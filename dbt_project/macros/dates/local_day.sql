{#- The business day of a UTC timestamp: an evening basket belongs to the day on the shop's clock. -#}
{% macro local_day(timestamp) -%}
    {%- set zone = var('business_time_zone') or env_var('ALLUVIUM_BUSINESS_TIME_ZONE', 'America/New_York') -%}
    cast(from_utc_timestamp({{ timestamp }}, '{{ zone }}') as date)
{%- endmacro %}
