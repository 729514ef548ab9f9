{%- set fields = {
    'name': ['title', 'first_name', 'last_name'],
    'email': ['email'],
    'phone': ['phone'],
    'birth_date': ['birth_date'],
    'address': ['street', 'city', 'state', 'postal_code', 'country'],
    'gender': ['gender'],
    'language': ['language'],
} -%}

with

customers as (

    select distinct customer_id from {{ ref('int_customer_records') }}

),

surviving_values as (

    select * from {{ ref('int_surviving_values') }}

),

survivors as (

    select
        customer_id,
        {%- for attribute in fields %}
        any_value(struct(value, source, record_key, observed_at, rule, count_lost_values)) filter (where attribute = '{{ attribute }}')
            as {{ attribute }}_value{{ ',' if not loop.last }}
        {%- endfor %}

    from surviving_values

    group by customer_id

)

select
    customers.customer_id,
    {%- for attribute, names in fields.items() %}
    {%- for name in names %}
    {%- if name == 'birth_date' %}
    cast({{ attribute }}_value.value['{{ name }}'] as date) as {{ name }},
    {%- else %}
    {{ attribute }}_value.value['{{ name }}'] as {{ name }},
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    {%- for attribute in fields %}
    {{ attribute }}_value.source as {{ attribute }}_source,
    {{ attribute }}_value.record_key as {{ attribute }}_record_key,
    {{ attribute }}_value.observed_at as {{ attribute }}_observed_at,
    {{ attribute }}_value.rule as {{ attribute }}_rule,
    {{ attribute }}_value.count_lost_values as {{ attribute }}_count_lost_values{{ ',' if not loop.last }}
    {%- endfor %}

from customers

left join survivors
    on customers.customer_id = survivors.customer_id
