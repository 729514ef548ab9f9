{#- A view is made once and again when its query changes; the adapter would make all of them anew every night. -#}
{% materialization view, adapter='spark' %}

    {%- set held = load_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set is_same = held and held.is_view and (compiled_code | trim) in (held.information or '') -%}

    {%- if is_same and not flags.FULL_REFRESH -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED', 0) -%}{%- endcall -%}
    {%- else -%}
        {%- if held and not held.is_view -%}
            {%- do adapter.drop_relation(held) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ create_view_as(target_relation, compiled_code | trim) }}
        {%- endcall -%}
    {%- endif -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
