{#-
    Column comments reach the Delta table when it is made, in one commit; the adapter makes one commit for each
    column, every night.
-#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set is_new = load_relation(this) is none or flags.FULL_REFRESH or model.resource_type == 'seed' -%}
    {%- if for_columns and config.persist_column_docs() and model.columns and is_new -%}
        {%- call statement('comment_columns') -%}
            alter table {{ relation }} alter column
            {% for column in model.columns.values() -%}
                {{ column.name }} comment '{{ column.description | replace("\\", "\\\\") | replace("'", "\\'") }}'{{ ', ' if not loop.last }}
            {%- endfor %}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}
