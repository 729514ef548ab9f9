"""Tests silver and the warehouse, and removes what is over its time: days of data, then old files.

Runs every night after the others. Changes no row that is within its time. Safe to leave out for days.
When it fails: infra/runbooks/maintain_lake.md
"""

from airflow.sdk import dag

from dags.common.defaults import NIGHTLY, for_the_day_before
from dags.common.tasks import expect, job


@dag(schedule=for_the_day_before("0 5 * * *"), doc_md=__doc__, tags=["tier_3"], **NIGHTLY)
def maintain_lake() -> None:
    """What is over its time first, then compaction: what both replace is what vacuum removes later."""
    job("warehouse.test") >> job("warehouse.docs")
    expect("silver_keys")
    job("maintain.retention") >> job("maintain.compact") >> job("maintain.vacuum")


maintain_lake()
