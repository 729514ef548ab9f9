-- Harm: revenue that the tills took and gold does not show, or shows twice, or in another business month.
with

silver_by_month as (

    select trunc({{ local_day('sold_at') }}, 'MM') as month, sum(amount) as amount

    from {{ source('silver', 'pos_order_lines') }}

    group by 1

),

gold_by_month as (

    select trunc(ordered_on, 'MM') as month, sum(amount) as amount

    from {{ ref('order_lines') }}

    where source = 'pos'

    group by 1

)

select month

from silver_by_month

full outer join gold_by_month using (month)

where silver_by_month.amount is distinct from gold_by_month.amount
