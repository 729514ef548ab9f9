{#- The as-of dates that features are made for, as date literals: the list `as_of_dates`, else the night's own. -#}
{% macro as_of_dates() -%}
    {%- set given = var('as_of_dates') -%}
    {%- if given -%}
        {%- for day in given %}date'{{ day }}'{{ ', ' if not loop.last }}{% endfor -%}
    {%- else -%}
        {%- set night = modules.datetime.date.fromisoformat(var('run_date') | string) -%}
        date'{{ night + modules.datetime.timedelta(days=1) }}'
    {%- endif -%}
{%- endmacro %}
