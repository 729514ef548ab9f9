{#-
    A seed is written once and again when its file or types change: the table's comment ends in the checksum of
    what it was made of. The adapter would drop and fill all seeds anew every night.
-#}
{% materialization seed, adapter='spark' %}

    {%- set contents = local_md5(model.checksum.checksum ~ config.get('column_types') ~ model.description)[:12] -%}
    {%- set held = load_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {%- if held and contents in (held.information or '') and not should_full_refresh() -%}
        {%- do store_result('agate_table', response='OK', agate_table=none) -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED', 0) -%}{%- endcall -%}
    {%- else -%}
        {%- set rows = load_agate_table() -%}
        {%- do store_result('agate_table', response='OK', agate_table=rows) -%}
        {%- call statement('main') -%}
            create or replace table {{ target_relation }} using delta
            comment '{{ model.description | trim | replace("'", "\\'") }} Contents {{ contents }}.'
            as {{ seed_query(rows, config.get('column_types', {})) }}
        {%- endcall -%}
        {%- do persist_docs(target_relation, model) -%}
    {%- endif -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- The rows of a seed as one query, each value with the type that the seed's yml gives its column. -#}
{% macro seed_query(rows, types) -%}
    select
        {% for name in rows.column_names %}cast({{ name }} as {{ types.get(name, 'string') }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
    from values
        {% for row in rows.rows %}
        ({% for value in row.values() %}{{ 'null' if value is none else "'" ~ (value | string | replace("\\", "\\\\") | replace("'", "\\'")) ~ "'" }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
        {%- endfor %}
        as seed ({{ rows.column_names | join(', ') }})
{%- endmacro %}
