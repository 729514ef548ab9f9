with

customers as (

    select customer_id from {{ ref('customers') }}

),

orders as (

    select * from {{ ref('orders') }}

    where ordered_on < {{ as_of_date() }}

),

cut_points as (

    select * from {{ ref('rfm_cut_points') }}

),

groups as (

    select * from {{ ref('rfm_groups') }}

),

measured as (

    select
        customers.customer_id,
        datediff({{ as_of_date() }}, max(orders.ordered_on)) as recency_days,
        cast(count_if(orders.ordered_on >= date_sub({{ as_of_date() }}, 365)) as int) as frequency,
        cast(
            coalesce(sum(orders.order_total) filter (where orders.ordered_on >= date_sub({{ as_of_date() }}, 365)), 0)
            as decimal(12, 2)
        ) as monetary

    from customers

    left join orders
        on customers.customer_id = orders.customer_id

    group by customers.customer_id

),

-- The share of the other buyers that a buyer is ahead of; who is level shares the place, whatever the order of rows.
placed as (

    select
        customer_id,
        recency_days,
        frequency,
        monetary,
        percent_rank() over (order by recency_days desc) as recency_share,
        percent_rank() over (order by frequency) as frequency_share,
        percent_rank() over (order by monetary) as monetary_share

    from measured

    where recency_days is not null

),

by_measure as (

    select customer_id, 'recency' as measure, cast(-recency_days as double) as measured, recency_share as share from placed

    union all

    select customer_id, 'frequency', cast(frequency as double), frequency_share from placed

    union all

    select customer_id, 'monetary', cast(monetary as double), monetary_share from placed

),

scored as (

    select
        by_measure.customer_id,
        max(cut_points.score) filter (where by_measure.measure = 'recency') as recency_score,
        max(cut_points.score) filter (where by_measure.measure = 'frequency') as frequency_score,
        max(cut_points.score) filter (where by_measure.measure = 'monetary') as monetary_score

    from by_measure

    inner join cut_points
        on
            by_measure.measure = cut_points.measure
            and if(
                cut_points.from_value is null,
                by_measure.share >= cut_points.from_share,
                by_measure.measured >= cut_points.from_value
            )

    group by by_measure.customer_id

),

-- Who never bought stands at the bottom of each measure, and in a group of their own.
with_scores as (

    select
        measured.*,
        cast(coalesce(scored.recency_score, 1) as int) as recency_score,
        cast(coalesce(scored.frequency_score, 1) as int) as frequency_score,
        cast(coalesce(scored.monetary_score, 1) as int) as monetary_score,
        if(measured.recency_days is null, 0, scored.recency_score) as group_recency,
        if(measured.recency_days is null, 0, ceil((scored.frequency_score + scored.monetary_score) / 2.0)) as group_value

    from measured

    left join scored
        on measured.customer_id = scored.customer_id

)

select
    with_scores.customer_id,
    {{ as_of_date() }} as as_of_date,
    with_scores.recency_days,
    with_scores.frequency,
    with_scores.monetary,
    with_scores.recency_score,
    with_scores.frequency_score,
    with_scores.monetary_score,
    groups.rfm_group,
    cast(
        round(100 * (with_scores.recency_score + with_scores.frequency_score + with_scores.monetary_score - 3) / 12.0)
        as int
    ) as rfm_index

from with_scores

left join groups
    on
        with_scores.group_recency between groups.recency_from and groups.recency_to
        and with_scores.group_value between groups.value_from and groups.value_to
