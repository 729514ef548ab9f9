{#-
    A history of periods (SCD 2): a row is open from the night that first knew it so until the first that knew
    otherwise. `updated_at` names the night, never the clock, and a night may be made again: what it opened the
    first time is replaced in place instead of being closed on the day it opened.
    One comparison of the query with the open rows decides, inside the one statement that writes. The adapter's
    writes both three times over, in a view that it makes and drops every night. The yml names all columns with
    their types: one that the table has not is added to it.
-#}
{% materialization snapshot, adapter='spark' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}

    {%- if config.get('strategy') != 'check' or config.get('hard_deletes') != 'invalidate' -%}
        {%- do exceptions.raise_compiler_error('A snapshot here compares all columns, and closes what is gone') -%}
    {%- endif -%}

    {%- call statement('main') -%}
        {%- if load_relation(this) -%}
            {{ periods_merged(target_relation, compiled_code | trim, names) }}
        {%- else -%}
            {{ create_table_as(False, target_relation, first_periods(compiled_code | trim, names)) }}
        {%- endif -%}
    {%- endcall -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- What tells a period from all others: the key and the night that opened it. -#}
{% macro period_id() -%}
    {{ snapshot_hash_arguments([config.get('unique_key'), config.get('updated_at')]) }}
{%- endmacro %}


{% macro first_periods(query, names) -%}
    select
        *,
        {{ period_id() }} as {{ names.dbt_scd_id }},
        {{ config.get('updated_at') }} as {{ names.dbt_updated_at }},
        {{ config.get('updated_at') }} as {{ names.dbt_valid_from }},
        cast(null as date) as {{ names.dbt_valid_to }}

    from (

        {{ query }}

    )
{%- endmacro %}


{#- The columns that the yml describes, but for those of the periods; what the table has not is added to it. -#}
{% macro compared_columns(target, names) -%}
    {%- set held = adapter.get_columns_in_relation(target) | map(attribute='name') | list -%}
    {%- set described = model.columns.values() | rejectattr('name', 'in', names.values() | list) | list -%}
    {%- set missing = described | rejectattr('name', 'in', held) | list -%}
    {%- if missing -%}
        {%- call statement('add_columns') -%}
            alter table {{ target }} add columns (
                {% for column in missing %}{{ column.name }} {{ column.data_type }}{{ ', ' if not loop.last }}{% endfor %}
            )
        {%- endcall -%}
    {%- endif -%}
    {{ return(described | map(attribute='name') | list) }}
{%- endmacro %}


{% macro periods_merged(target, query, names) -%}
    {%- set key, tonight = config.get('unique_key'), config.get('updated_at') -%}
    {%- set id, valid_from, valid_to = names.dbt_scd_id, names.dbt_valid_from, names.dbt_valid_to -%}
    {%- set columns = compared_columns(target, names) -%}
    {%- set period_columns = [id, names.dbt_updated_at, valid_from] -%}

    merge into {{ target }} as periods
    using (

        with

        known_now as (

            {{ query }}

        ),

        open_periods as (

            select * from {{ target }} where {{ valid_to }} is null

        ),

        different as (

            select
                {%- for column in columns %}
                known_now.{{ column }},
                {%- endfor %}
                open_periods.{{ id }} as open_id,
                open_periods.{{ valid_from }} as open_from

            from known_now

            full outer join open_periods
                on known_now.{{ key }} = open_periods.{{ key }}

            where not (
                {%- for column in columns %}
                known_now.{{ column }} <=> open_periods.{{ column }}{{ ' and' if not loop.last }}
                {%- endfor %}
            )

        ),

        with_period as (

            select *, if({{ key }} is not null, {{ period_id() }}, null) as new_id from different

        )

        select *, 'open' as step, new_id as {{ id }} from with_period where new_id is not null

        union all

        -- A period that tonight opened itself is taken away, not closed.
        select *, if(open_from < {{ tonight }}, 'close', 'take away'), open_id from with_period

        where open_id is not null and not open_id <=> new_id

    ) as decided
    on periods.{{ id }} = decided.{{ id }}

    when matched and decided.step = 'open' then update set
        {% for column in columns %}{{ column }} = decided.{{ column }}, {% endfor %}{{ valid_to }} = null

    when matched and decided.step = 'take away' then delete

    when matched then update set {{ valid_to }} = {{ tonight }}

    when not matched and decided.step = 'open' then insert ({{ (columns + period_columns) | join(', ') }})
        values ({% for column in columns %}decided.{{ column }}, {% endfor %}decided.{{ id }}, {{ tonight }}, {{ tonight }})
{%- endmacro %}
