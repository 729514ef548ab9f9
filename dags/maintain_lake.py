"""Tests and documents the warehouse, compacts small files, and removes what no version in retention needs.

Runs every night after the others. Changes no row. Safe to leave out for days.
When it fails: infra/runbooks/maintain_lake.md
"""

from airflow.sdk import dag

from dags.common.defaults import NIGHTLY, for_the_day_before
from dags.common.tasks import job


@dag(schedule=for_the_day_before("0 5 * * *"), doc_md=__doc__, tags=["tier_3"], **NIGHTLY)
def maintain_lake() -> None:
    """Compaction first: what it replaces is what vacuum removes later."""
    job("warehouse.test") >> job("warehouse.docs")
    job("maintain.compact") >> job("maintain.vacuum")


maintain_lake()
