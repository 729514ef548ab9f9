from datetime import date

import pytest

from alluvium.errors import AlluviumError
from alluvium.nights.night import INGEST, Night, plan, stopped
from alluvium.nights.night_progress import Failure, Watcher

FIRST, SECOND, THIRD = date(2017, 11, 1), date(2017, 11, 2), date(2017, 11, 3)


def test_nights_ahead_run_whole_and_in_order():
    assert plan([SECOND, FIRST], None) == [Night(FIRST), Night(SECOND)]


def test_the_last_finished_night_can_be_run_again():
    assert plan([SECOND], SECOND) == [Night(SECOND)]


def test_a_late_day_is_loaded_and_the_last_finished_night_repeated_once():
    assert plan([FIRST, SECOND], THIRD) == [
        Night(FIRST, dags=(INGEST,)),
        Night(SECOND, dags=(INGEST,)),
        Night(THIRD),
    ]


def test_a_stretch_over_the_last_finished_night_repeats_it_anyway():
    assert plan([FIRST, SECOND, THIRD], SECOND) == [Night(FIRST, dags=(INGEST,)), Night(SECOND), Night(THIRD)]


def test_a_stopped_night_says_which_task_why_and_what_to_do():
    cause = AlluviumError("Nothing was delivered", where="landing/pos", do="Land the files")
    message = str(stopped(FIRST, Failure("ingest_events", "ingest.load", cause)))
    assert message == (
        "The night of 2017-11-01 stopped at ingest_events, task ingest.load: "
        "Nothing was delivered (landing/pos). Land the files. What was published stays. "
        "Next: infra/runbooks/ingest_events.md"
    )


def test_an_unexpected_error_shows_its_kind_and_never_its_text():
    message = str(stopped(FIRST, Failure("ingest_events", "ingest.load", ValueError("ada@example.org"))))
    assert "ValueError, see the log" in message
    assert "ada" not in message


class Silent:
    def started(self, dag_id, task_id):
        pass

    def finished(self, dag_id, task_id, succeeded, seconds):
        pass


def test_ctrl_c_in_a_task_ends_the_night():
    """Airflow's task runner takes it for a failed task and would go on."""

    class Task:
        dag_id, task_id = "ingest_events", "ingest.load"

    with pytest.raises(KeyboardInterrupt):
        Watcher(Silent()).on_task_instance_failed(Task(), KeyboardInterrupt())
