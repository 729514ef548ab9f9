with

choices as (

    select
        *,
        array_position(array('granted', 'denied', 'revoked'), status) as strictness

    from {{ ref('int_consent_choices') }}

    where {{ local_day('chosen_at') }} <= {{ run_date() }}

),

-- All that the customer had chosen by then, oldest first, and of two choices at one moment the stricter last.
with_past as (

    select
        customer_id,
        purpose,
        chosen_at,
        array_sort(
            collect_list(struct(chosen_at, strictness, source, record_key, status))
                over (partition by customer_id, purpose order by chosen_at)
        ) as past

    from choices

),

-- A customer may have several records with choices of their own: the strictest that stands counts.
decided as (

    select
        customer_id,
        purpose,
        chosen_at,
        array_max(
            transform(
                filter(
                    past,
                    (choice, place) -> not exists(
                        slice(past, place + 2, size(past)), later -> later.record_key = choice.record_key
                    )
                ),
                choice -> struct(choice.strictness, choice.chosen_at, choice.source, choice.status)
            )
        ) as standing

    from with_past

),

moments as (

    select
        customer_id,
        purpose,
        chosen_at as valid_from,
        standing.status,
        standing.source,
        lag(standing.status) over (partition by customer_id, purpose order by chosen_at, standing.status) as status_before

    from decided

),

-- The same answer again opens no new period.
periods as (

    select
        *,
        lead(valid_from) over (partition by customer_id, purpose order by valid_from) as valid_to

    from moments

    where status_before is distinct from status

)

select
    customer_id,
    purpose,
    status,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    source

from periods
