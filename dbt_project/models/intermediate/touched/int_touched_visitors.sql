{{ config(materialized='incremental', incremental_strategy='append') }}

with

events_before as (

    {{ before_tonight('gold', 'customer_events', {
        'visitor_key': 'string', 'account_key': 'string', 'customer_id': 'string', 'order_id': 'string', '_run_date': 'date'
    }) }}

),

customer_records as (

    select * from {{ ref('int_customer_records') }}

),

-- What a corrected file no longer holds is known only from the state before tonight.
delivered as (

    select visitor_key from {{ ref('stg_web__events') }} where _run_date in ({{ changed_run_dates() }})

    union all

    select visitor_key from {{ ref('stg_email__events') }} where _run_date in ({{ changed_run_dates() }})

    union all

    select visitor_key from events_before where _run_date in ({{ changed_run_dates() }})

),

-- The basket of a web order may come from the till days later.
with_new_basket as (

    select events_before.visitor_key

    from events_before

    left semi join {{ ref('stg_pos__order_lines') }} as till_lines
        on
            events_before.order_id = 'shop-' || till_lines.order_number
            and till_lines._run_date in ({{ changed_run_dates() }})

),

reassigned as (

    select events_before.visitor_key

    from events_before

    left join customer_records as accounts
        on events_before.account_key = accounts.user_id_key

    left join customer_records as devices
        on events_before.visitor_key = devices.record_key

    where events_before.customer_id is distinct from coalesce(accounts.customer_id, devices.customer_id)

),

touched as (

    select visitor_key from delivered

    union all

    select visitor_key from with_new_basket

    union all

    select visitor_key from reassigned

),

found as (

    select distinct
        {{ run_date() }} as run_date,
        touched.visitor_key,
        events_before.customer_id as previous_customer_id

    from touched

    left join events_before
        on touched.visitor_key = events_before.visitor_key

    where touched.visitor_key is not null

)

select found.* from found

{% if is_incremental() %}

left anti join {{ this }} as known
    on
        found.run_date = known.run_date
        and found.visitor_key = known.visitor_key
        and found.previous_customer_id <=> known.previous_customer_id

{% else %}

-- Before the first build there is nothing to do again.
where false

{% endif %}
