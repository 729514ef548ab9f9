{#- The hour of a UTC timestamp on the shop's clock, 0 to 23. -#}
{% macro local_hour(timestamp) -%}
    {%- set zone = var('business_time_zone') or env_var('ALLUVIUM_BUSINESS_TIME_ZONE', 'America/New_York') -%}
    hour(from_utc_timestamp({{ timestamp }}, '{{ zone }}'))
{%- endmacro %}
