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
        any_value(struct(value, source, observed_at, rule)) filter (where attribute = '{{ attribute }}')
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
    {%- for attribute, names in fields.items() %}
    {%- set is_last = loop.last %}
    {%- for name in names %}
    if({{ attribute }}_value.value['{{ name }}'] is null, null, {{ attribute }}_value.source) as {{ name }}_source,
    if({{ attribute }}_value.value['{{ name }}'] is null, null, {{ attribute }}_value.observed_at) as {{ name }}_observed_at,
    if({{ attribute }}_value.value['{{ name }}'] is null, null, {{ attribute }}_value.rule) as {{ name }}_rule
    {{- ',' if not (is_last and loop.last) }}
    {%- endfor %}
    {%- endfor %}

from customers

left join survivors
    on customers.customer_id = survivors.customer_id
