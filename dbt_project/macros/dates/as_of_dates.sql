{#- The as-of dates that features are made for, as date literals: the list `as_of_dates`, else the night's own. -#}
{% macro as_of_dates() -%}
    {%- set night = modules.datetime.date.fromisoformat(run_day()) + modules.datetime.timedelta(days=1) -%}
    {%- set given = var('as_of_dates') or fromjson(env_var('ALLUVIUM_AS_OF_DATES', '[]')) -%}
    {%- for day in given or [night] %}date'{{ day }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}
