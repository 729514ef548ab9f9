{#-
    The run dates that were loaded since the last build that succeeded, as date literals. The night's own is
    always among them; a backfill adds the days that it loaded.
-#}
{% macro changed_run_dates() -%}
    {%- set days = ([var('run_date') | string] + var('changed_run_dates') | map('string') | list) | unique | sort -%}
    {%- for day in days %}date'{{ day }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
