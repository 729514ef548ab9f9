from datetime import UTC, datetime
from pathlib import Path

import pytest

from alluvium.job import load
from alluvium.nights.airflow import DAGS
from alluvium.nights.dag_order import in_order, links, nightly
from dags.common.steps import JobStep

FILES = sorted(path for path in DAGS.glob("*.py") if path.name != "__init__.py")
NAMES = [path.stem for path in FILES]
RUNBOOKS = DAGS.parent / "infra" / "runbooks"


def tasks(dag):
    return [task.task_id for task in dag.topological_sort()]


def test_one_file_holds_one_dag_of_its_name(dags):
    assert sorted(dags) == NAMES
    assert {name: Path(dag.fileloc).stem for name, dag in dags.items()} == {name: name for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_dag_says_what_it_is_how_much_it_matters_and_where_help_is(dags, name):
    dag = dags[name]
    runbook = f"infra/runbooks/{name}.md"
    assert f"When it fails: {runbook}" in dag.doc_md
    assert (RUNBOOKS / f"{name}.md").exists()
    assert {tag for tag in dag.tags if tag.startswith("tier_")} <= {"tier_1", "tier_2", "tier_3"}
    assert len(dag.tags) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_file_is_short(name):
    assert len((DAGS / f"{name}.py").read_text().splitlines()) < 60


@pytest.mark.parametrize("name", NAMES)
def test_every_task_calls_a_job_that_there_is(dags, name):
    for task in dags[name].tasks:
        if isinstance(task, JobStep):
            assert callable(load(task.job))


def test_the_chain_is_the_order_of_the_folders(dags):
    known = {name: links(dag) for name, dag in dags.items()}
    chain = ["ingest_events", "build_profiles", "score_customers", "publish_nightly"]
    assert in_order(known, nightly(known)) == chain
    assert in_order(known, {*chain, "train_models"}) == [*chain[:2], "train_models", *chain[2:]]


def test_a_layer_is_handed_on_only_when_its_gate_has_agreed(dags):
    """A layer that is written but not yet judged must not start the next DAG; files wait for the gate."""
    chain = ["ingest_events", "build_profiles", "score_customers", "publish_nightly"]
    writers = [task.task_id for name in chain for task in dags[name].tasks if task.outlets]
    assert writers == [
        "expectations.silver",
        "expectations.gold",
        "expectations.ml",
        "publish.deliver",
    ]
    assert dags["publish_nightly"].get_task("publish.deliver").upstream_task_ids == {"expectations.published"}


def test_a_night_has_the_tasks_of_the_design(dags):
    assert tasks(dags["ingest_events"]) == [
        "ingest.load",
        "expectations.bronze",
        "expectations.silver",
        "report.night",
    ]
    assert tasks(dags["build_profiles"]) == [
        "identity.resolve",
        "expectations.identity",
        "warehouse.build",
        "expectations.gold",
        "report.night",
    ]
    assert tasks(dags["publish_nightly"])[2:] == [
        "publish.audiences",
        "expectations.published",
        "publish.deliver",
        "finish_night",
        "report.night",
    ]


@pytest.mark.parametrize("name", ["ingest_events", "build_profiles", "score_customers", "publish_nightly"])
def test_the_report_never_turns_a_failed_run_green(dags, name):
    report = dags[name].get_task("report.night")
    assert report.is_teardown
    assert not report.on_failure_fail_dagrun
    assert report.only_after_failure is (name != "publish_nightly")


@pytest.mark.parametrize(
    ("name", "tick", "key"),
    [
        ("ingest_events", datetime(2017, 11, 2, 6, 30, tzinfo=UTC), "2017-11-01"),
        ("maintain_lake", datetime(2017, 11, 2, 9, 0, tzinfo=UTC), "2017-11-01"),
        ("train_models", datetime(2017, 11, 5, 11, 0, tzinfo=UTC), "before-2017-11-05"),
        ("refresh_segments", datetime(2017, 11, 1, 18, 30, tzinfo=UTC), "2017-11-01T14:30"),
    ],
)
def test_the_clock_gives_a_run_its_date_as_partition_key(dags, name, tick, key):
    from airflow.sdk.timezone import coerce_datetime
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(dags[name].timetable)
    earliest = coerce_datetime(tick)
    run = timetable.next_dagrun_info_v2(
        last_dagrun_info=None, restriction=TimeRestriction(earliest=earliest, latest=None, catchup=True)
    )
    assert (run.run_after, run.partition_key) == (tick, key)


def test_what_is_unpaused_waits_for_its_next_tick(dags):
    """With Airflow's own tolerance of a tenth of the interval, it would start a run that nobody asked for."""
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    for name in ("ingest_events", "train_models", "maintain_lake", "refresh_segments"):
        timetable = coerce_to_core_timetable(dags[name].timetable)
        nothing_yet = TimeRestriction(earliest=None, latest=None, catchup=False)
        run = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=nothing_yet)
        assert run.run_after >= datetime.now(UTC)
