{#-
    What a history said at the end of a day, as rows to select from:
    `select * from {{ as_of(ref('customers_history'), run_date()) }} as customers`.
    For tables whose rows hold from the day `valid_from` on, up to the day before `valid_to`: customers_history and
    identity.customer_records. `day` is SQL for a date.
-#}
{% macro as_of(history, day) -%}
    (select * from {{ history }} where valid_from <= {{ day }} and (valid_to is null or valid_to > {{ day }}))
{%- endmacro %}
