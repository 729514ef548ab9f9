{#- The windows of features, in days up to the one before the as-of date. -#}
{% macro windows() -%}
    {{ return([7, 30, 60, 90, 180, 365]) }}
{%- endmacro %}
