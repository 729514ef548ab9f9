{#-
    The columns of `key` are there and no combination stands twice, and `condition` is true on every row: what
    must hold of each row of a table, in one scan.
-#}
{% test is_sound(model, key, condition='true') %}

select {{ key | join(', ') }}

from {{ model }}

group by {{ key | join(', ') }}

having
    count(*) > 1
    or not bool_and(coalesce({{ condition }}, false))
    {% for column in key %}or {{ column }} is null {% endfor %}

{% endtest %}
