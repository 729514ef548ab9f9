{#-
    MERGE as the adapter does it, with two differences. A row is written only when a column differs, so that a
    second run of a night changes nothing. And where `meta.touched` names the ledger of what is decided again
    (model, key, and the table's own name for the key), rows that the table holds for those keys and the query
    no longer gives are deleted: a basket that a corrected file took back, a visit that became part of another.
-#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = table_columns(target) -%}
    {%- set touched = (config.get('meta') or {}).get('touched') -%}

    merge into {{ target }} as target
    using ({{ rows_to_merge(target, source, keys, columns, touched) }}) as source
    on {% for key in keys %}target.{{ key }} = source.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}

    when matched and source._is_gone then delete

    when matched and not ({% for column in columns %}target.{{ column }} <=> source.{{ column }}{{ ' and ' if not loop.last }}{% endfor %})
        then update set {% for column in columns %}{{ column }} = source.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

    when not matched and not source._is_gone
        then insert ({{ columns | join(', ') }})
        values ({% for column in columns %}source.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{% macro rows_to_merge(target, source, keys, columns, touched) -%}
    {%- if not touched -%}
        select *, false as _is_gone from {{ source }}
    {%- else -%}
        {%- set column = touched.get('column', touched.key) -%}
        select
            {% for name in columns %}{{ 'coalesce(incoming.' ~ name ~ ', held.' ~ name ~ ') as ' if name in keys else 'incoming.' }}{{ name }}, {% endfor %}
            incoming.{{ keys[0] }} is null as _is_gone
        from {{ source }} as incoming
        full outer join (
            select {{ keys | join(', ') }} from {{ target }}
            where {{ column }} in ({{ context["touched"](touched.model, touched.key) }})
        ) as held
            on {% for key in keys %}incoming.{{ key }} = held.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endif -%}
{%- endmacro %}
