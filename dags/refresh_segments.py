"""Loads the day's events so far and decides the segments that follow them every half hour.

Runs every 30 minutes. Its as-of is the moment of the run, and comes in with it.
When it fails: infra/runbooks/refresh_segments.md
"""

from airflow.sdk import dag

from dags.common.defaults import NIGHTLY, for_the_moment
from dags.common.tasks import job


@dag(schedule=for_the_moment("*/30 * * * *"), doc_md=__doc__, tags=["tier_2"], **NIGHTLY)
def refresh_segments() -> None:
    """Only events: who is who stays as the night left it."""
    load = job("ingest.load", source="web")
    load >> job("segments.decide", moment=True, schedule="every 30 minutes")


refresh_segments()
