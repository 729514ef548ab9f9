{#- The first day that the night does not see: the day after the run date. -#}
{% macro as_of_date() -%}
    date_add({{ run_date() }}, 1)
{%- endmacro %}
