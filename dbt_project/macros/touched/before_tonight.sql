{#-
    What a mart held before tonight, as a query of the given columns (name to type); no rows before the first
    build. It is no `ref`: what has to be done again follows from the old state and what is there now, and a
    `ref` to the mart would make a circle of that.
-#}
{% macro before_tonight(schema, table, columns) -%}
    {%- set old = adapter.get_relation(database=none, schema=schema, identifier=table) if execute else none -%}
    {%- if old -%}
        select {{ columns | join(', ') }} from {{ old }}
    {%- else -%}
        select {% for name, type in columns.items() %}cast(null as {{ type }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor %} where false
    {%- endif -%}
{%- endmacro %}
