with

contact_values as (

    select * from {{ ref('int_contact_values') }}

),

rules as (

    select * from {{ ref('survivorship_rules') }}

),

source_ranking as (

    select * from {{ ref('source_ranking') }}

),

young_enough as (

    select
        contact_values.*,
        rules.rule,
        coalesce(source_ranking.trust_rank, 99) as trust_rank,
        length(concat_ws('', map_values(contact_values.value))) as value_length,
        to_json(contact_values.value) as value_text

    from contact_values

    inner join rules
        on contact_values.attribute = rules.attribute

    left join source_ranking
        on contact_values.source = source_ranking.source

    where
        rules.maximum_age_days is null
        or datediff({{ run_date() }}, contact_values.observed_at) <= rules.maximum_age_days

),

counted as (

    select
        *,
        count(*) over (partition by customer_id, attribute, value_text) as value_count,
        size(collect_set(value_text) over (partition by customer_id, attribute)) - 1 as count_lost_values

    from young_enough

),

-- Ties fall to the newest value, then to the more trusted source, then to the record key: the same each night.
ranked as (

    select
        *,
        row_number() over (
            partition by customer_id, attribute
            order by
                case when rule = 'verified_first' then is_verified end desc nulls last,
                case when rule = 'most_trusted_source' then trust_rank end asc nulls last,
                case when rule = 'most_frequent' then value_count end desc nulls last,
                case when rule = 'longest' then value_length end desc nulls last,
                observed_at desc nulls last,
                trust_rank asc,
                record_key asc
        ) as place

    from counted

)

select
    customer_id,
    attribute,
    value,
    record_key,
    source,
    observed_at,
    rule,
    count_lost_values

from ranked

where place = 1
