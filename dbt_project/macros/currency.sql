{#- ISO 4217 of every amount. -#}
{% macro currency() -%}
    '{{ var('currency') or env_var('ALLUVIUM_CURRENCY', 'USD') }}'
{%- endmacro %}
