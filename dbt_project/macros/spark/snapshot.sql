{#- Snapshot time is the night that is being made, never the clock. -#}
{% macro spark__snapshot_get_time() -%}
    {{ run_date() }}
{%- endmacro %}


{#-
    As the adapter merges a snapshot, but a night may be made again: what it opened the first time is replaced
    in place instead of being closed on the day it opened, and taken away if it is not there any more.
-#}
{% macro spark__snapshot_merge_sql(target, source, insert_cols) -%}
    {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
    {%- set id, valid_to, valid_from = names.dbt_scd_id, names.dbt_valid_to, names.dbt_valid_from -%}

    merge into {{ target }} as target
    using (
        select *, row_number() over (partition by {{ id }} order by if(dbt_change_type = 'insert', 0, 1)) as place
        from {{ source }}
        qualify place = 1
    ) as source
    on target.{{ id }} = source.{{ id }}

    when matched and source.dbt_change_type = 'insert' then update set *

    when matched and source.dbt_change_type = 'delete' and target.{{ valid_from }} >= source.{{ valid_to }} then delete

    when matched and target.{{ valid_to }} is null then update set {{ valid_to }} = source.{{ valid_to }}

    when not matched and source.dbt_change_type = 'insert' then insert *
{%- endmacro %}
