-- Harm: a basket that was ordered on the web and paid at the till counted as two orders, its money twice.
select source_order_id

from {{ ref('orders') }}

group by source_order_id

having count(*) > 1
