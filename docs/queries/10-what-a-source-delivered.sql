-- What became of each delivery: every row read was accepted, quarantined or a duplicate.
-- Of the quarantined, the suppressed are of people who refused or were erased.
select
    run_date,
    source || '/' || entity as delivery,
    rows_read,
    rows_accepted,
    rows_quarantined,
    rows_suppressed,
    rows_duplicate
from ops.batches
order by run_date desc, delivery
limit 30
