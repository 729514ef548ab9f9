with

customer_records as (

    select * from {{ ref('int_customer_records') }}

),

source_ranking as (

    select source, trust_rank from {{ ref('source_ranking') }}

),

first_seen as (

    select record_key, first_seen_on from {{ source('pii', 'identity_records') }}

)

select
    customer_records.customer_id,
    least(min(first_seen.first_seen_on), {{ run_date() }}) as first_seen_on,
    min_by(
        customer_records.source,
        struct(coalesce(first_seen.first_seen_on, {{ as_of_date() }}), coalesce(source_ranking.trust_rank, 99), customer_records.source)
    ) as acquisition_source,
    cast(count(*) as int) as count_records,
    cast(count(distinct customer_records.source) as int) as count_sources,
    bool_or(customer_records.record_kind = 'card') as has_loyalty_card,
    bool_or(customer_records.source = 'shop') as has_shop_account

from customer_records

left join first_seen
    on customer_records.record_key = first_seen.record_key

left join source_ranking
    on customer_records.source = source_ranking.source

group by customer_records.customer_id
