{#-
    The columns of an existing table, in its order. They must be those that the model's yml describes, with its
    types: a lake made by an older version would otherwise lose a new column without a word.
-#}
{% macro table_columns(relation) -%}
    {%- set held = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do held.update({column.name: column.dtype}) -%}
    {%- endfor -%}
    {%- set changed = held.keys() | reject('in', model.columns) | list -%}
    {%- for column in model.columns.values() -%}
        {%- if column.name not in held or (column.data_type or held[column.name]) != held[column.name] -%}
            {%- do changed.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if changed -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ ' and its yml differ in: ' ~ changed | join(', ') ~ '. Build it once with --full-refresh.'
        ) -%}
    {%- endif -%}
    {{ return(held.keys() | list) }}
{%- endmacro %}
