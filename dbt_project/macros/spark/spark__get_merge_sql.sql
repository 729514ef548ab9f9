{#-
    MERGE as the adapter does it, with two differences. Only rows that differ from what the table holds take part:
    a file is written again when one of its rows is met, so a second run of a night writes nothing. And rows that
    the table holds for what is decided again, and that the query no longer gives, are deleted: a basket that a
    corrected file took back, a visit that became part of another. `meta.touched` names the ledger of what is
    decided again: its model, its key, and the table's own name for the key. `source` is a query.
-#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = table_columns(target) -%}

    merge into {{ target }} as target
    using ({{ rows_to_merge(target, source, keys, columns, config.get('meta').touched) }}) as source
    on {% for key in keys %}target.{{ key }} = source.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}

    when matched and source._is_gone then delete

    when matched
        then update set {% for column in columns %}{{ column }} = source.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

    when not matched and not source._is_gone
        then insert ({{ columns | join(', ') }})
        values ({% for column in columns %}source.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{#- New, changed and gone rows among those that are decided again. -#}
{% macro rows_to_merge(target, source, keys, columns, touched) -%}
    select
        {% for name in columns %}{{ 'coalesce(incoming.' ~ name ~ ', held.' ~ name ~ ') as ' if name in keys else 'incoming.' }}{{ name }}, {% endfor %}
        incoming.{{ keys[0] }} is null as _is_gone
    from (

        {{ source }}

    ) as incoming
    full outer join (
        select {{ columns | join(', ') }} from {{ target }}
        where {{ touched.get('column', touched.key) }} in ({{ context["touched"](touched.model, touched.key) }})
    ) as held
        on {% for key in keys %}incoming.{{ key }} = held.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    where not ({% for column in columns %}incoming.{{ column }} <=> held.{{ column }}{{ ' and ' if not loop.last }}{% endfor %})
{%- endmacro %}
