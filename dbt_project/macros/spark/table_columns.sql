{#-
    The columns of an existing table, in its order. They must be those that the model's yml describes: a lake
    made by an older version would otherwise lose a new column without a word.
-#}
{% macro table_columns(relation) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- set described = model.columns.keys() | list -%}
    {%- if names | sort != described | sort -%}
        {%- set changed = (names | reject('in', described) | list) + (described | reject('in', names) | list) -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ ' and its yml differ in: ' ~ changed | join(', ') ~ '. Build it once with --full-refresh.'
        ) -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}
