{{ config(materialized='ephemeral') }}

{%- set habits = {'weekday': 'int', 'hour': 'int', 'store': 'string'} -%}

with

as_of_dates as (

    select explode(array({{ as_of_dates() }})) as as_of_date

),

orders as (

    select
        customer_id,
        ordered_on,
        cast(weekday(ordered_on) + 1 as string) as weekday,
        cast({{ local_hour('ordered_at') }} as string) as hour,
        cast(store_id as string) as store

    from {{ ref('orders') }}

    where customer_id is not null

),

seen as (

    select
        orders.customer_id,
        as_of_dates.as_of_date,
        inline(array(
            {%- for habit in habits %}
            struct('{{ habit }}' as habit, orders.{{ habit }} as value){{ ',' if not loop.last }}
            {%- endfor %}
        ))

    from orders

    inner join as_of_dates
        on
            orders.ordered_on < as_of_dates.as_of_date
            and orders.ordered_on >= date_sub(as_of_dates.as_of_date, 365)

),

counted as (

    select
        customer_id,
        as_of_date,
        habit,
        value,
        count(*) as count_orders

    from seen

    where value is not null

    group by customer_id, as_of_date, habit, value

)

-- Of two that are as frequent, the greater by name: the same each night.
select
    customer_id,
    as_of_date,
    {%- for habit, type in habits.items() %}
    cast(max_by(value, struct(count_orders, value)) filter (where habit = '{{ habit }}') as {{ type }}) as preferred_{{ habit }},
    max(count_orders) filter (where habit = '{{ habit }}') / sum(count_orders) filter (where habit = '{{ habit }}')
        as preferred_{{ habit }}_share{{ ',' if not loop.last }}
    {%- endfor %}

from counted

group by customer_id, as_of_date
