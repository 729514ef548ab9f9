"""Golden profiles: resolves who is who, then builds the warehouse.

Runs when bronze was found good. Moves forward only; the same date again changes nothing.
When it fails: infra/runbooks/build_profiles.md
"""

from airflow.sdk import PartitionedAssetTimetable, chain, dag

from dags.common.assets import BRONZE, GOLD
from dags.common.defaults import NIGHTLY
from dags.common.tasks import expect, job, report


@dag(schedule=PartitionedAssetTimetable(assets=BRONZE), doc_md=__doc__, tags=["tier_1"], **NIGHTLY)
def build_profiles() -> None:
    """A customer exists before anything is counted for one."""
    chain(
        job("identity.resolve"),
        expect("identity"),
        job("warehouse.build"),
        expect("gold", outlets=[GOLD]),
        report(only_after_failure=True),
    )


build_profiles()
