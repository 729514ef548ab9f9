{#-
    The keys that tonight has to decide again. `model` is a ledger int_touched_*, which keeps its finds by run
    date: what a build that failed half-way had found is found again by the next one.
-#}
{% macro touched(model, key) -%}
    select distinct {{ key }} from {{ ref(model) }} where run_date in ({{ changed_run_dates() }}) and {{ key }} is not null
{%- endmacro %}
