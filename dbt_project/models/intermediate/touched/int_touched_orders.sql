{{ config(materialized='incremental', incremental_strategy='append') }}

with

orders_before as (

    {{ before_tonight('gold', 'orders', {
        'source': 'string', 'source_order_id': 'string', 'record_key': 'string', 'customer_id': 'string', '_run_dates': 'array<date>'
    }) }}

),

products_before as (

    {{ before_tonight('gold', 'products', {'product_id': 'string', 'is_petrol': 'boolean', 'is_item': 'boolean'}) }}

),

till_lines as (

    select order_number, product_id, _run_date from {{ ref('stg_pos__order_lines') }}

),

customer_records as (

    select record_key, customer_id from {{ ref('int_customer_records') }}

),

touched_visitors as (

    {{ touched('int_touched_visitors', 'visitor_key') }}

),

delivered as (

    select order_number from till_lines where _run_date in ({{ changed_run_dates() }})

    union all

    -- What a corrected file no longer holds is known only from the state before tonight.
    select source_order_id from orders_before where arrays_overlap(_run_dates, array({{ changed_run_dates() }}))

),

ordered_on_the_web as (

    select web_orders.order_number

    from {{ ref('int_web_orders') }} as web_orders

    left semi join touched_visitors
        on web_orders.visitor_key = touched_visitors.visitor_key

),

reassigned as (

    select orders_before.source_order_id

    from orders_before

    left join customer_records
        on orders_before.record_key = customer_records.record_key

    where
        orders_before.source = 'pos'
        and orders_before.record_key is not null
        and orders_before.customer_id is distinct from customer_records.customer_id

),

-- A product that was classified anew counts differently on every line that it stands on.
reclassified_products as (

    select product_id

    from products_before

    full outer join {{ ref('int_products_classified') }} as products_now using (product_id)

    where
        coalesce(products_before.is_petrol, false) <> coalesce(products_now.is_petrol, false)
        or coalesce(products_before.is_item, true) <> coalesce(products_now.is_item, true)

),

with_reclassified_products as (

    -- Mostly none are: they go to the lines, not the lines to them.
    select /*+ broadcast(reclassified_products) */ till_lines.order_number

    from till_lines

    left semi join reclassified_products
        on till_lines.product_id = reclassified_products.product_id

),

touched as (

    select order_number from delivered

    union all

    select order_number from ordered_on_the_web

    union all

    select source_order_id from reassigned

    union all

    select order_number from with_reclassified_products

),

found as (

    select distinct
        {{ run_date() }} as run_date,
        touched.order_number,
        orders_before.customer_id as previous_customer_id

    from touched

    left join orders_before
        on touched.order_number = orders_before.source_order_id

)

select found.* from found

{% if is_incremental() %}

left anti join {{ this }} as known
    on
        found.run_date = known.run_date
        and found.order_number = known.order_number
        and found.previous_customer_id <=> known.previous_customer_id

{% else %}

-- Before the first build there is nothing to do again.
where false

{% endif %}
