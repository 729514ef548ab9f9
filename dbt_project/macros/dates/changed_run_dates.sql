{#-
    The run dates that were loaded since the last build that succeeded, as date literals. The night's own is
    always among them; a backfill adds the days that it loaded.
-#}
{% macro changed_run_dates() -%}
    {%- set given = var('changed_run_dates') or fromjson(env_var('ALLUVIUM_CHANGED_RUN_DATES', '[]')) -%}
    {%- set days = ([run_day()] + given | map('string') | list) | unique | sort -%}
    {%- for day in days %}date'{{ day }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
