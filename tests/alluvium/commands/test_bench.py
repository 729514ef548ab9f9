"""What a night took, by what its tasks are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from alluvium.commands import bench
from alluvium.errors import AlluviumError
from alluvium.settings import get_settings

TASKS = {
    "start": 9.0,
    "ingest.load": 20.0,
    "expectations.bronze": 1.0,
    "expectations.gold": 2.0,
    "churn.score": 4.0,
    "publish.recommendations": 7.0,
    "recommender.score": 6.0,
    "publish.audiences": 3.0,
    "somebodys.own": 5.0,
}


def test_every_task_counts_once_in_the_part_it_is_for() -> None:
    seconds = {row["part"]: row["seconds"] for row in bench.shares(TASKS)}
    assert seconds == {
        "start": 9.0,
        "ingest and gates": 23.0,
        "identity": 0,
        "warehouse": 0,
        "scores": 4.0,
        "recommendations": 13.0,
        "segments and audiences": 3.0,
        "report": 0,
        "other": 5.0,
    }
    assert sum(seconds.values()) == sum(TASKS.values())


def test_without_a_finished_night_there_is_nothing_to_measure(tmp_path: Path) -> None:
    empty = get_settings().model_copy(update={"home": tmp_path})
    with pytest.raises(AlluviumError, match="no finished night"):
        bench._next_night(empty)
