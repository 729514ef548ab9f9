"""Loads what arrived in the landing zone on the run date: bronze, its personal twin, silver.

Runs every night when the business day is over. Safe to rerun for any date, in any order.
When it fails: infra/runbooks/ingest_events.md
"""

from airflow.sdk import dag

from dags.common.assets import BRONZE
from dags.common.defaults import NIGHTLY, for_the_day_before
from dags.common.tasks import expect, job, report


@dag(
    schedule=for_the_day_before("30 2 * * *"),
    params={"initial": False},
    doc_md=__doc__,
    tags=["tier_1"],
    **NIGHTLY,
)
def ingest_events() -> None:
    """All sources in one task: a Spark session each would cost more than the loading."""
    load = job("ingest.load", initial="{{ 'true' if params.initial }}")
    gates = expect("bronze"), expect("silver", outlets=[BRONZE])
    load >> gates[0] >> gates[1] >> report(only_after_failure=True)


ingest_events()
