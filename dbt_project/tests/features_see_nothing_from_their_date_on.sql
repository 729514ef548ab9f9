-- Harm: a model that was shown the future looks excellent and fails the first time it is used.
with

features as (

    select customer_id, as_of_date, orders_365d, spend_365d, days_since_last_order

    from {{ ref('customer_features') }}

    where as_of_date in ({{ as_of_dates() }})

),

recounted as (

    select
        features.customer_id,
        features.as_of_date,
        count(orders.order_id) as orders_365d,
        coalesce(sum(orders.order_total), 0) as spend_365d

    from features

    left join {{ ref('orders') }} as orders
        on
            features.customer_id = orders.customer_id
            and orders.ordered_on < features.as_of_date
            and orders.ordered_on >= date_sub(features.as_of_date, 365)

    group by features.customer_id, features.as_of_date

)

select features.customer_id

from features

inner join recounted using (customer_id, as_of_date)

where
    features.orders_365d <> recounted.orders_365d
    or abs(features.spend_365d - recounted.spend_365d) > 0.005
    or features.days_since_last_order < 1
