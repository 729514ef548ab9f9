{#- The night that is being made, as a date. Never the clock. -#}
{% macro run_date() -%}
    date'{{ var('run_date') }}'
{%- endmacro %}
