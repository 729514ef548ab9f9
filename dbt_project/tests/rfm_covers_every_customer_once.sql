-- Harm: a customer whom no campaign by RFM group can reach, or whom two reach.
select customer_id

from (
    select customer_id from {{ ref('customers') }}

    union all

    select customer_id from {{ ref('customer_rfm') }}
)

group by customer_id

having count(*) <> 2
