with

customers as (

    select distinct customer_id from {{ ref('int_customer_records') }}

),

purposes as (

    select * from {{ ref('purposes') }}

),

consents as (

    select customer_id, purpose, status from {{ ref('consents') }}

    where is_current

),

-- Opt-in: no record means no. Opt-out: only a denial or a withdrawal means no.
decided as (

    select
        customers.customer_id,
        purposes.purpose,
        coalesce(consents.status, if(purposes.rule = 'opt_out', 'granted', 'denied')) = 'granted' as is_allowed

    from customers

    cross join purposes

    left join consents
        on
            customers.customer_id = consents.customer_id
            and purposes.purpose = consents.purpose

)

select
    customer_id,
    coalesce(bool_or(is_allowed) filter (where purpose = 'marketing_email'), false) as is_email_allowed,
    coalesce(bool_or(is_allowed) filter (where purpose = 'marketing_ads'), false) as is_ads_allowed,
    coalesce(bool_or(is_allowed) filter (where purpose = 'profiling'), false) as is_profiling_allowed,
    coalesce(bool_or(is_allowed) filter (where purpose = 'personalisation'), false) as is_personalisation_allowed,
    coalesce(bool_or(is_allowed) filter (where purpose = 'analytics'), false) as is_analytics_allowed

from decided

group by customer_id
