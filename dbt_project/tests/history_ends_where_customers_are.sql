-- Harm: the history of a customer says one thing, the customer another, and nobody knows which was sent to the auditor.
select customer_id

from {{ as_of(ref('customers_history'), run_date()) }} as history

full outer join {{ ref('customers') }} as customers using (customer_id)

where
    history.version_id is null
    or customers.count_records is null
    or history.is_email_allowed is distinct from customers.is_email_allowed
    or history.is_ads_allowed is distinct from customers.is_ads_allowed
    or history.region is distinct from customers.region
