{#- A table, so that all order lines are read while the days of customers are still being counted. -#}
{{ config(materialized='incremental', incremental_strategy='insert_overwrite') }}

with

as_of_dates as (

    select explode(array({{ as_of_dates() }})) as as_of_date

),

products as (

    select product_id, department, product_category from {{ ref('products') }}

    where is_item

),

-- Per category, the days since it was last bought: that decides all windows at once.
by_category as (

    select
        lines.customer_id,
        as_of_dates.as_of_date,
        products.department,
        products.product_category,
        min(datediff(as_of_dates.as_of_date, lines.ordered_on)) as age_days,
        sum(
            if(lines.ordered_on >= date_sub(as_of_dates.as_of_date, 365), cast(100 * lines.amount as bigint), 0)
        ) as spend_cents

    from {{ ref('order_lines') }} as lines

    inner join as_of_dates
        on lines.ordered_on < as_of_dates.as_of_date

    inner join products
        on lines.product_id = products.product_id

    where lines.customer_id is not null

    group by lines.customer_id, as_of_dates.as_of_date, products.department, products.product_category

),

by_department as (

    select
        customer_id,
        as_of_date,
        department,
        {%- for days in windows() %}
        count_if(age_days <= {{ days }} and product_category is not null) as categories_{{ days }}d,
        {%- endfor %}
        sum(spend_cents) as spend_cents,
        -- Of sums alone, so that it adds up over departments.
        sum(if(spend_cents > 0 and product_category is not null, spend_cents, 0)) as category_cents,
        sum(if(spend_cents > 0 and product_category is not null, spend_cents * log2(spend_cents), 0)) as weighed_cents

    from by_category

    group by customer_id, as_of_date, department

),

summed as (

    select
        customer_id,
        as_of_date,
        {%- for days in windows() %}
        cast(sum(categories_{{ days }}d) as int) as categories_{{ days }}d,
        {%- endfor %}
        log2(nullif(sum(category_cents), 0)) - sum(weighed_cents) / nullif(sum(category_cents), 0) as category_entropy_365d,
        collect_list(struct(spend_cents, department)) filter (where department is not null and spend_cents > 0) as departments,
        sum(spend_cents) filter (where department is not null and spend_cents > 0) as department_cents

    from by_department

    group by customer_id, as_of_date

)

select
    customer_id,
    as_of_date,
    {%- for days in windows() %}
    categories_{{ days }}d,
    {%- endfor %}
    -- A sum of logarithms may miss zero by a hair.
    greatest(round(category_entropy_365d, 9), 0) as category_entropy_365d,
    transform(
        sort_array(departments, false),
        each -> struct(each.department, each.spend_cents / department_cents as share)
    ) as department_shares_365d

from summed
