with

customer_records as (

    select * from {{ ref('int_customer_records') }}

),

contacts as (

    select * from {{ source('pii', 'identity_records') }}

),

details as (

    select record_key, country, gender, language, false as is_email_verified from {{ ref('stg_crm__contacts') }}

    union all

    select record_key, country, null, null, is_email_verified from {{ ref('stg_shop__accounts') }}

    union all

    select record_key, country, null, null, false from {{ ref('stg_loyalty__accounts') }}

),

-- Parts that only make sense together survive together: no street of one record in the town of another.
valued as (

    select
        customer_records.customer_id,
        contacts.record_key,
        contacts.source,
        contacts.observed_at,
        inline(array(
            named_struct(
                'attribute', 'name', 'is_verified', false,
                'value', map('title', title, 'first_name', first_name, 'last_name', last_name)
            ),
            named_struct(
                'attribute', 'email', 'is_verified', coalesce(is_email_verified, false),
                'value', map('email', email)
            ),
            named_struct('attribute', 'phone', 'is_verified', false, 'value', map('phone', phone)),
            named_struct(
                'attribute', 'birth_date', 'is_verified', false,
                'value', map('birth_date', cast(birth_date as string))
            ),
            named_struct(
                'attribute', 'address', 'is_verified', false,
                'value', map(
                    'street', street, 'city', city, 'state', state, 'postal_code', postal_code, 'country', country
                )
            ),
            named_struct('attribute', 'gender', 'is_verified', false, 'value', map('gender', gender)),
            named_struct('attribute', 'language', 'is_verified', false, 'value', map('language', language))
        ))

    from contacts

    inner join customer_records
        on contacts.record_key = customer_records.record_key

    left join details
        on contacts.record_key = details.record_key

)

select
    customer_id,
    attribute,
    record_key,
    source,
    observed_at,
    is_verified,
    value

from valued

-- A country alone is no address, and a form of address no name.
where exists(map_keys(value), part -> part not in ('country', 'title') and value[part] is not null)
