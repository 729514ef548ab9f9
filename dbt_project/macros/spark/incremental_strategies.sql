{#-
    How this project writes, in place of the adapter's list:
    insert_overwrite  all rows are replaced (the adapter's would change the overwrite mode of the session)
    replace_where     the slice that the model names in `meta.replace_where` is replaced
    merge             see spark__get_merge_sql
    append            rows are added
    Each makes one commit.
-#}
{% macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) -%}
    {%- if file_format != 'delta' or raw_strategy not in ['insert_overwrite', 'replace_where', 'merge', 'append'] -%}
        {%- do exceptions.raise_compiler_error('Incremental strategy ' ~ raw_strategy ~ ' on ' ~ file_format ~ ' is not known here') -%}
    {%- endif -%}
    {{ return(raw_strategy) }}
{%- endmacro %}


{% macro dbt_spark_get_incremental_sql(strategy, source, target, existing, unique_key, incremental_predicates) -%}
    {%- if strategy == 'merge' -%}
        {{ get_merge_sql(target, source, unique_key, none, incremental_predicates) }}
    {%- else -%}
        {%- set verbs = {
            'insert_overwrite': 'insert overwrite table ' ~ target,
            'replace_where': 'insert into ' ~ target ~ ' replace where ' ~ config.get('meta', {}).get('replace_where'),
            'append': 'insert into table ' ~ target,
        } -%}
        {{ verbs[strategy] }}
        select {{ table_columns(target) | join(', ') }} from {{ source }}
    {%- endif -%}
{%- endmacro %}
