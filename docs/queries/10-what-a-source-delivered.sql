-- What became of each delivery: every row read was accepted, quarantined or a duplicate.
select
    run_date,
    source || '/' || entity as delivery,
    rows_read,
    rows_accepted,
    rows_quarantined,
    rows_duplicate
from ops.batches
order by run_date desc, delivery
limit 30
