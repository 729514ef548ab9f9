"""What a night took, by what its tasks are for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alluvium import catalog
from alluvium.commands.bench import night
from alluvium.commands.bench.ingest import RUN_DATE, land
from alluvium.commands.bench.segments import refreshes, write_definitions
from alluvium.contracts import contract
from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.settings import CHECKOUT, get_settings
from spark_jobs.segments import definition
from spark_jobs.segments.query import tables_of

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
    seconds = {row["part"]: row["seconds"] for row in night.shares(TASKS)}
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
        night._next_night(empty)


def test_made_up_events_are_by_contract_with_copies_and_broken_ones_among_them(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    size = land(folder, 4_000, RUN_DATE, seed=1)
    lines = [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]
    whole = [line for line in lines if line.endswith("}")]
    assert len(lines) == 4_000
    assert 0.005 < 1 - len(whole) / len(lines) < 0.02
    assert 0.03 < 1 - len(set(whole)) / len(whole) < 0.07
    assert size == sum(map(len, lines)) + len(lines)
    event = json.loads(whole[0])
    columns = contract.load("web", "events", CHECKOUT / "spark_jobs" / "ingest" / "sources").columns
    required = [column.path or name for name, column in columns.items() if column.required]
    assert all(event.get(path) for path in required)


def test_the_segments_of_the_bench_are_sound_and_differ(tmp_path: Path) -> None:
    write_definitions(tmp_path / "definitions", 10)
    made = definition.load_all(tmp_path / "definitions")
    assert len({one.version for one in made}) == 10
    assert {table for one in made for table in tables_of(one.sql)} >= {
        "gold.customer_events",
        "gold.order_lines",
    }


def test_the_refreshes_of_the_bench_decide_every_segment(tmp_path: Path) -> None:
    beside = get_settings().model_copy(update={"home": tmp_path, "business_time_zone": "UTC"})
    told = refreshes(beside, events=9_000, customers=300)
    assert [row["what"].split(",")[0] for row in told][1:3] == [
        "refresh half an hour later",
        "and half an hour later",
    ]
    runs = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, beside)
    assert {row["status"] for row in runs} == {"decided"}
    assert all(row["size"] > 0 for row in runs)
