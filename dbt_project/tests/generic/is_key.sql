{#- The columns are a key: no combination twice and none of them missing. One scan for both. -#}
{% test is_key(model, columns) %}

select {{ columns | join(', ') }}

from {{ model }}

group by {{ columns | join(', ') }}

having count(*) > 1 {% for column in columns %}or {{ column }} is null {% endfor %}

{% endtest %}
