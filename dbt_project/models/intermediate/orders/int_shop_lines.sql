with

-- An order that names no products keeps its money on one line.
lines as (

    select
        *,
        explode_outer(products) as line

    from {{ ref('int_web_orders') }}

    where not has_till_basket

)

select
    order_id,
    order_number,
    coalesce(cast(line.product_id as string), 'unknown') as product_id,
    visitor_key as record_key,
    customer_id,
    ordered_at,
    ordered_on,
    cast(sum(coalesce(line.quantity, 0)) as int) as quantity,
    cast(sum(coalesce(line.quantity * line.price, if(line is null, revenue, null), 0)) as decimal(12, 2)) as amount,
    _run_date

from lines

group by all
