{#-
    A model under contract has to say what happens when its columns change, and dbt would describe two relations for
    each model and night to find out. Here `table_columns` refuses any change before something is written.
-#}
{% macro process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {{ return({}) }}
{%- endmacro %}
