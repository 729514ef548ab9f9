{#- The business day of a UTC timestamp: an evening basket belongs to the day on the shop's clock. -#}
{% macro local_day(timestamp) -%}
    cast(from_utc_timestamp({{ timestamp }}, '{{ var('business_time_zone') }}') as date)
{%- endmacro %}
