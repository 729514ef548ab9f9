{#-
    The night that is being made, as a date. Never the clock. It comes from the variable `run_date`, or from the
    environment: dbt reads the whole project anew when a variable has another value, each night, and for an
    environment variable only the files that use it.
-#}
{% macro run_date() -%}
    date'{{ run_day() }}'
{%- endmacro %}


{#- The same as text. -#}
{% macro run_day() -%}
    {{ return((var('run_date') or env_var('ALLUVIUM_RUN_DATE')) | string) }}
{%- endmacro %}
