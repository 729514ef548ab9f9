with

choices as (

    select
        *,
        array_position(array('granted', 'denied', 'revoked'), status) as strictness

    from {{ ref('int_consent_choices') }}

    where {{ local_day('chosen_at') }} <= {{ run_date() }}

),

-- Of two choices at one moment the stricter counts.
last_of_moment as (

    select
        customer_id,
        record_key,
        purpose,
        chosen_at,
        max_by(struct(status, source, strictness), struct(strictness, source)) as choice

    from choices

    group by customer_id, record_key, purpose, chosen_at

),

periods as (

    select
        *,
        lead(chosen_at) over (partition by customer_id, record_key, purpose order by chosen_at) as ended_at

    from last_of_moment

),

moments as (

    select distinct customer_id, purpose, chosen_at as valid_from from choices

),

-- A customer may have several records with choices of their own: the strictest that stands counts.
decided as (

    select
        moments.customer_id,
        moments.purpose,
        moments.valid_from,
        max_by(periods.choice, struct(periods.choice.strictness, periods.chosen_at, periods.choice.source)) as choice

    from moments

    inner join periods
        on
            moments.customer_id = periods.customer_id
            and moments.purpose = periods.purpose
            and moments.valid_from >= periods.chosen_at
            and (periods.ended_at is null or moments.valid_from < periods.ended_at)

    group by moments.customer_id, moments.purpose, moments.valid_from

),

changes as (

    select
        *,
        lag(choice.status) over (partition by customer_id, purpose order by valid_from) as status_before

    from decided

),

-- The same answer again opens no new period.
with_end as (

    select
        customer_id,
        purpose,
        choice.status as status,
        valid_from,
        lead(valid_from) over (partition by customer_id, purpose order by valid_from) as valid_to,
        choice.source as source

    from changes

    where status_before is distinct from choice.status

)

select
    customer_id,
    purpose,
    status,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    source

from with_end
