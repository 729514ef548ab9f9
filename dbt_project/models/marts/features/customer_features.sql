{%- set windows = windows() -%}
{%- set counted = {
    'orders': 'count_orders', 'items': 'count_items', 'sessions': 'count_sessions', 'product_views': 'count_product_views',
    'carts': 'count_carts', 'email_opens': 'count_email_opens', 'email_clicks': 'count_email_clicks',
} -%}
{%- set money = ['spend', 'discount', 'coupon_discount'] -%}
{{
    config(
        incremental_strategy='replace_where',
        partition_by=['as_of_date'],
        meta={'replace_where': 'as_of_date in (' ~ as_of_dates() ~ ')'},
    )
}}

with

as_of_dates as (

    select explode(array({{ as_of_dates() }})) as as_of_date

),

customers as (

    select customers.customer_id, customers.first_seen_on, as_of_dates.as_of_date

    from {{ ref('customers') }} as customers

    inner join as_of_dates
        on customers.first_seen_on < as_of_dates.as_of_date

),

with_gap as (

    select
        *,
        if(
            count_orders > 0,
            datediff(
                activity_on,
                lag(if(count_orders > 0, activity_on, null), 1) ignore nulls
                    over (partition by customer_id order by activity_on)
            ),
            null
        ) as gap_days

    from {{ ref('customer_activity_daily') }}

),

-- Everything that follows is seen from an as-of date and lies strictly before it. Money is counted in cents: whole
-- numbers add up the same in any order, and faster than decimals.
seen as (

    select
        with_gap.customer_id,
        as_of_dates.as_of_date,
        datediff(as_of_dates.as_of_date, with_gap.activity_on) as age_days,
        if(with_gap.count_orders > 0, datediff(as_of_dates.as_of_date, with_gap.activity_on), null) as visit_age_days,
        with_gap.gap_days,
        {%- for column in counted.values() %}
        with_gap.{{ column }},
        {%- endfor %}
        {%- for name in money %}
        cast(100 * with_gap.{{ name }} as bigint) as {{ name }}_cents{{ ',' if not loop.last }}
        {%- endfor %}

    from with_gap

    inner join as_of_dates
        on with_gap.activity_on < as_of_dates.as_of_date

),

-- First per band, the smallest window that a day lies in: sixty windowed sums over all days become ten.
banded as (

    select
        customer_id,
        as_of_date,
        case
            {%- for days in windows %}
            when age_days <= {{ days }} then {{ days }}
            {%- endfor %}
            else {{ windows[-1] + 1 }}
        end as band,
        {%- for column in counted.values() %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        {%- for name in money %}
        sum({{ name }}_cents) as {{ name }}_cents,
        {%- endfor %}
        min(visit_age_days) as days_since_last_order,
        max(visit_age_days) as days_since_first_order,
        min(if(count_sessions > 0, age_days, null)) as days_since_last_session,
        min(if(count_email_opens > 0, age_days, null)) as days_since_last_email_open,
        count(visit_age_days) as order_days,
        count(gap_days) as gaps,
        sum(gap_days) as gap_days,
        sum(gap_days * gap_days) as squared_gap_days,
        bit_or(if(visit_age_days <= 91, shiftleft(1L, cast(floor((visit_age_days - 1) / 7) as int)), 0L)) as weeks,
        sum(if(count_orders > 0, pow(2, -visit_age_days / 14.0), 0)) as visits_decayed_2w,
        sum(if(count_orders > 0, pow(2, -visit_age_days / 42.0), 0)) as visits_decayed_6w,
        bit_or(if(visit_age_days <= 364, shiftleft(1L, cast(floor((visit_age_days - 1) / 14) as int)), 0L)) as blocks_14d,
        bit_or(if(visit_age_days <= 360, shiftleft(1L, cast(floor((visit_age_days - 1) / 30) as int)), 0L)) as blocks_30d

    from seen

    group by customer_id, as_of_date, band

),

summed as (

    select
        customer_id,
        as_of_date,
        {%- for days in windows %}
        {%- for name, column in counted.items() %}
        cast(sum(if(band <= {{ days }}, {{ column }}, 0)) as int) as {{ name }}_{{ days }}d,
        {%- endfor %}
        {%- for name in money %}
        sum(if(band <= {{ days }}, {{ name }}_cents, 0)) / 100 as {{ name }}_{{ days }}d,
        {%- endfor %}
        {%- endfor %}
        cast(sum(order_days) as int) as order_days,
        cast(sum(if(band <= 90, order_days, 0)) as int) as order_days_90d,
        sum(spend_cents) / 100 as lifetime_spend,
        min(days_since_last_order) as days_since_last_order,
        max(days_since_first_order) as days_since_first_order,
        min(days_since_last_session) as days_since_last_session,
        min(days_since_last_email_open) as days_since_last_email_open,
        sum(gap_days) / nullif(sum(gaps), 0) as mean_gap_days,
        -- The sample's standard deviation out of whole sums; null below two gaps.
        sqrt(
            (sum(squared_gap_days) - sum(gap_days) * sum(gap_days) / nullif(sum(gaps), 0)) / nullif(sum(gaps) - 1, 0)
        ) as sd_gap_days,
        bit_count(bit_or(weeks)) as weeks_with_visit_13w,
        sum(visits_decayed_2w) as visits_decayed_2w,
        sum(visits_decayed_6w) as visits_decayed_6w,
        bit_count(bit_or(blocks_14d)) as visited_14d_blocks,
        bit_count(bit_or(blocks_30d)) as visited_30d_blocks

    from banded

    group by customer_id, as_of_date

),

campaigns as (

    select
        touches.customer_id,
        as_of_dates.as_of_date,
        {%- for days in windows %}
        cast(count_if(touches.starts_on >= date_sub(as_of_dates.as_of_date, {{ days }})) as int) as campaigns_{{ days }}d,
        {%- endfor %}
        cast(count_if(touches.ends_on >= as_of_dates.as_of_date) as int) as campaigns_running

    from {{ ref('campaign_touches') }} as touches

    inner join as_of_dates
        on touches.starts_on < as_of_dates.as_of_date

    group by touches.customer_id, as_of_dates.as_of_date

),

redemptions as (

    select
        redemptions.customer_id,
        as_of_dates.as_of_date,
        {%- for days in windows %}
        cast(count_if(redemptions.redeemed_on >= date_sub(as_of_dates.as_of_date, {{ days }})) as int) as redemptions_{{ days }}d
        {{- ',' if not loop.last }}
        {%- endfor %}

    from {{ ref('coupon_redemptions') }} as redemptions

    inner join as_of_dates
        on redemptions.redeemed_on < as_of_dates.as_of_date

    group by redemptions.customer_id, as_of_dates.as_of_date

),

tastes as (

    select * from {{ ref('int_category_tastes') }}

),

habits as (

    select * from {{ ref('int_shopping_habits') }}

)

select
    customers.customer_id,
    customers.as_of_date,
    datediff(customers.as_of_date, customers.first_seen_on) as tenure_days,
    {%- for days in windows %}
    {%- for name in counted %}
    coalesce(summed.{{ name }}_{{ days }}d, 0) as {{ name }}_{{ days }}d,
    {%- endfor %}
    {%- for name in money %}
    coalesce(summed.{{ name }}_{{ days }}d, 0) as {{ name }}_{{ days }}d,
    {%- endfor %}
    summed.discount_{{ days }}d / nullif(summed.spend_{{ days }}d + summed.discount_{{ days }}d, 0) as discount_share_{{ days }}d,
    coalesce(tastes.categories_{{ days }}d, 0) as categories_{{ days }}d,
    coalesce(campaigns.campaigns_{{ days }}d, 0) as campaigns_{{ days }}d,
    coalesce(redemptions.redemptions_{{ days }}d, 0) as redemptions_{{ days }}d,
    {%- endfor %}
    coalesce(summed.order_days, 0) as order_days,
    coalesce(summed.order_days_90d, 0) as order_days_90d,
    coalesce(summed.lifetime_spend, 0) as lifetime_spend,
    summed.days_since_last_order,
    summed.days_since_first_order,
    summed.days_since_last_session,
    summed.days_since_last_email_open,
    summed.mean_gap_days,
    summed.sd_gap_days,
    summed.days_since_last_order / summed.mean_gap_days as current_gap_over_mean,
    coalesce(summed.weeks_with_visit_13w, 0) as weeks_with_visit_13w,
    coalesce(summed.visits_decayed_2w, 0) as visits_decayed_2w,
    coalesce(summed.visits_decayed_6w, 0) as visits_decayed_6w,
    1 - summed.visited_14d_blocks / least(26, ceil(summed.days_since_first_order / 14)) as empty_14d_block_share,
    1 - summed.visited_30d_blocks / least(12, ceil(summed.days_since_first_order / 30)) as empty_30d_block_share,
    3 * summed.spend_30d / nullif(summed.spend_90d, 0) as spend_30d_over_90d,
    3 * summed.orders_30d / nullif(summed.orders_90d, 0) as orders_30d_over_90d,
    summed.spend_90d / nullif(summed.orders_90d, 0) as mean_order_spend_90d,
    summed.items_90d / nullif(summed.orders_90d, 0) as mean_order_items_90d,
    summed.coupon_discount_90d / nullif(summed.spend_90d + summed.discount_90d, 0) as coupon_share_90d,
    coalesce(campaigns.campaigns_running, 0) as campaigns_running,
    tastes.category_entropy_365d,
    tastes.department_shares_365d,
    get(tastes.department_shares_365d, 0).department as preferred_department,
    get(tastes.department_shares_365d, 0).share as preferred_department_share,
    habits.preferred_weekday,
    habits.preferred_weekday_share,
    habits.preferred_hour,
    habits.preferred_hour_share,
    habits.preferred_store,
    habits.preferred_store_share

from customers

left join summed
    on customers.customer_id = summed.customer_id and customers.as_of_date = summed.as_of_date

left join campaigns
    on customers.customer_id = campaigns.customer_id and customers.as_of_date = campaigns.as_of_date

left join redemptions
    on customers.customer_id = redemptions.customer_id and customers.as_of_date = redemptions.as_of_date

left join tastes
    on customers.customer_id = tastes.customer_id and customers.as_of_date = tastes.as_of_date

left join habits
    on customers.customer_id = habits.customer_id and customers.as_of_date = habits.as_of_date
