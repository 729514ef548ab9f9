{#-
    A table that every night adds to. Its query stands inside the one statement that writes: the adapter makes a
    temporary view of it first, and all its sources are looked up and analysed once more for that.
    How it is written, in place of the adapter's list:
    insert_overwrite  all rows are replaced (the adapter's would change the overwrite mode of the session)
    replace_where     the slice that the model names in `meta.replace_where` is replaced
    merge             see spark__get_merge_sql
    append            rows are added
    Each makes one commit. The table's columns must be those of the yml: `table_columns` refuses any change.
-#}
{% materialization incremental, adapter='spark' %}

    {%- set held = load_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {%- if held and held.is_view -%}
        {%- do adapter.drop_relation(held) -%}
        {%- set held = none -%}
    {%- endif -%}

    {%- call statement('main') -%}
        {%- if held and not should_full_refresh() -%}
            {{ added_to(target_relation, compiled_code | trim) }}
        {%- else -%}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {%- endif -%}
    {%- endcall -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- The statement that brings the rows of a query into the table. -#}
{% macro added_to(target, query) -%}
    {%- set strategy = config.get('incremental_strategy') -%}
    {%- set verbs = {
        'insert_overwrite': 'insert overwrite table ' ~ target,
        'replace_where': 'insert into ' ~ target ~ ' replace where ' ~ config.get('meta', {}).get('replace_where'),
        'append': 'insert into table ' ~ target,
    } -%}
    {%- if strategy == 'merge' -%}
        {{ get_merge_sql(target, query, config.get('unique_key'), none) }}
    {%- elif strategy in verbs -%}
        {{ verbs[strategy] }}
        select {{ table_columns(target) | join(', ') }} from (

        {{ query }}

        )
    {%- else -%}
        {%- do exceptions.raise_compiler_error('Incremental strategy ' ~ strategy ~ ' is not known here') -%}
    {%- endif -%}
{%- endmacro %}
