{#- The condition is true on every row; one scan for as many ranges as it joins with "and". -#}
{% test holds(model, condition) %}

select 1 as broken

from {{ model }}

where not coalesce({{ condition }}, false)

{% endtest %}
