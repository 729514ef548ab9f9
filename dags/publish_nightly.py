"""Decides the segments, publishes recommendations and audiences, and closes the night.

Runs when the scores were found good. Moves forward only; the same date again writes the same files.
When it fails: infra/runbooks/publish_nightly.md
"""

from airflow.sdk import PartitionedAssetTimetable, chain, dag

from dags.common.assets import PUBLISHED, SCORES
from dags.common.defaults import NIGHTLY
from dags.common.tasks import expect, finish_night, job, report


@dag(schedule=PartitionedAssetTimetable(assets=SCORES), doc_md=__doc__, tags=["tier_1"], **NIGHTLY)
def publish_nightly() -> None:
    """Files wait as drafts until the gate has agreed; what it stops is seen by nobody."""
    chain(
        job("segments.decide"),
        job("publish.recommendations"),
        job("publish.audiences"),
        expect("published"),
        job("publish.deliver", outlets=[PUBLISHED]),
        finish_night(),
        report(only_after_failure=False),
    )


publish_nightly()
