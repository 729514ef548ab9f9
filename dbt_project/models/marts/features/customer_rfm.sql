with

customers as (

    select customer_id from {{ ref('customers') }}

),

orders as (

    select * from {{ ref('orders') }}

    where ordered_on < {{ as_of_date() }}

),

-- Today and a month ago: who moved between the groups.
days as (

    select {{ as_of_date() }} as as_of_date

    union all

    select add_months({{ as_of_date() }}, -1)

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
        days.as_of_date,
        datediff(days.as_of_date, max(orders.ordered_on)) as recency_days,
        cast(count_if(orders.ordered_on >= date_sub(days.as_of_date, 365)) as int) as frequency,
        cast(
            coalesce(sum(orders.order_total) filter (where orders.ordered_on >= date_sub(days.as_of_date, 365)), 0)
            as decimal(12, 2)
        ) as monetary

    from customers

    cross join days

    left join orders
        on
            customers.customer_id = orders.customer_id
            and orders.ordered_on < days.as_of_date

    group by customers.customer_id, days.as_of_date

),

-- The share of the other buyers that a buyer is ahead of; who is level shares the place, whatever the order of rows.
placed as (

    select
        customer_id,
        as_of_date,
        recency_days,
        frequency,
        monetary,
        percent_rank() over (partition by as_of_date order by recency_days desc) as recency_share,
        percent_rank() over (partition by as_of_date order by frequency) as frequency_share,
        percent_rank() over (partition by as_of_date order by monetary) as monetary_share

    from measured

    where recency_days is not null

),

by_measure as (

    select
        customer_id,
        as_of_date,
        inline(
            array(
                struct('recency' as measure, cast(-recency_days as double) as measured, recency_share as share),
                struct('frequency' as measure, cast(frequency as double) as measured, frequency_share as share),
                struct('monetary' as measure, cast(monetary as double) as measured, monetary_share as share)
            )
        )

    from placed

),

scored as (

    select
        by_measure.customer_id,
        by_measure.as_of_date,
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

    group by by_measure.customer_id, by_measure.as_of_date

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
        on
            measured.customer_id = scored.customer_id
            and measured.as_of_date = scored.as_of_date

),

grouped as (

    select
        with_scores.*,
        groups.rfm_group,
        lag(groups.rfm_group) over (partition by with_scores.customer_id order by with_scores.as_of_date)
            as rfm_group_month_ago,
        cast(
            round(100 * (with_scores.recency_score + with_scores.frequency_score + with_scores.monetary_score - 3) / 12.0)
            as int
        ) as rfm_index

    from with_scores

    left join groups
        on
            with_scores.group_recency between groups.recency_from and groups.recency_to
            and with_scores.group_value between groups.value_from and groups.value_to

)

select
    customer_id,
    as_of_date,
    recency_days,
    frequency,
    monetary,
    recency_score,
    frequency_score,
    monetary_score,
    rfm_group,
    rfm_index,
    rfm_group_month_ago

from grouped

where as_of_date = {{ as_of_date() }}
