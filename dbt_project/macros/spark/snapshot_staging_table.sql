{#-
    What a snapshot adds and closes, from one comparison of the query with the open rows. The adapter's writes the
    query and the open rows three times over (inserted, updated, deleted), and each is planned and read again.
-#}
{% macro spark__snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
    {%- set id, valid_to, valid_from = names.dbt_scd_id, names.dbt_valid_to, names.dbt_valid_from -%}
    {%- set key, now = strategy.unique_key, strategy.updated_at -%}
    {%- if key is not string or strategy.hard_deletes != 'invalidate' -%}
        {%- do exceptions.raise_compiler_error('A snapshot here has one key, and closes what is gone') -%}
    {%- endif -%}

    with

    source_data as (

        {{ source_sql }}

    ),

    snapshotted_data as (

        select * from {{ target_relation }} where {{ valid_to }} is null

    ),

    different as (

        select source_data.*, snapshotted_data.{{ id }} as held_id

        from source_data

        full outer join snapshotted_data
            on source_data.{{ key }} = snapshotted_data.{{ key }}

        where
            source_data.{{ key }} is null
            or snapshotted_data.{{ key }} is null
            or {{ strategy.row_changed }}

    )

    select
        * except (held_id),
        {{ key }} as dbt_unique_key,
        {{ now }} as {{ names.dbt_updated_at }},
        {{ now }} as {{ valid_from }},
        inline(filter(
            array(
                named_struct(
                    'dbt_change_type', if({{ key }} is not null, 'insert', null),
                    '{{ valid_to }}', cast(null as date),
                    '{{ id }}', {{ strategy.scd_id }}
                ),
                named_struct(
                    'dbt_change_type', if(held_id is not null, if({{ key }} is null, 'delete', 'update'), null),
                    '{{ valid_to }}', {{ now }},
                    '{{ id }}', held_id
                )
            ),
            change -> change.dbt_change_type is not null
        ))

    from different
{%- endmacro %}
