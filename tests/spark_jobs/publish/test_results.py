"""Sent against held out: known answers, and how often the interval is right."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.publish import kept_out
from spark_jobs.publish.results import measure, results, split_p_value
from tests.spark_jobs.segments.lake import put

BEGAN = date(2017, 10, 1)
DRAFTS, HOLDOUTS = catalog.PUBLISHED_AUDIENCE_DRAFTS, catalog.PUBLISHED_AUDIENCE_HOLDOUTS


def members(*rows: tuple[str, date]) -> pa.Table:
    nights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for _, day in rows]
    return pa.table({
        "segment": ["fans"] * len(rows), "customer_id": [name for name, _ in rows],
        "entered_at": pa.array(nights, pa.timestamp("us", tz="UTC")),
    })  # fmt: skip


def held_out(*rows: tuple[str, date]) -> pa.Table:
    names, days = [name for name, _ in rows], pa.array([day for _, day in rows], pa.date32())
    return pa.table({"segment": ["fans"] * len(rows), "customer_id": names, "held_since": days})


def orders(*rows: tuple[str, int, float]) -> pa.Table:
    days = pa.array([BEGAN + timedelta(days=after) for _, after, _ in rows], pa.date32())
    return pa.table({
        "customer_id": [name for name, *_ in rows], "ordered_on": days,
        "order_total": [total for *_, total in rows],
    })  # fmt: skip


@pytest.fixture
def lake(tmp_path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    run = {"segment": "fans", "run_date": BEGAN, "status": "decided", "holdout": 0.5}
    ledger.append(catalog.PUBLISHED_SEGMENT_RUNS, [run], settings)
    return settings


def test_only_what_was_bought_in_the_days_after_the_first_night_counts(lake):
    put(lake, "published.audience_members", members(("S1", BEGAN), ("S2", BEGAN)))
    put(lake, "published.audience_holdouts", held_out(("H1", BEGAN), ("H2", BEGAN)))
    bought = [("S1", 0, 99.0), ("S1", 1, 10.0), ("S1", 7, 20.0), ("S1", 8, 99.0), ("H1", 3, 6.0)]
    put(lake, "gold.orders", orders(*bought))
    found = results(lake, "fans", 7, BEGAN + timedelta(days=7))
    means = {m.name: (m.sent, m.held_out, m.difference) for m in found.measures}
    assert means == {"orders": (1.0, 0.5, 0.5), "revenue": (15.0, 3.0, 12.0), "bought": (0.5, 0.5, 0.0)}
    assert (found.count_sent, found.count_held_out, found.is_split_sound) == (2, 2, True)


def test_who_was_sent_before_the_experiment_or_was_in_both_groups_is_in_neither(lake):
    before, late = BEGAN - timedelta(days=1), BEGAN + timedelta(days=5)
    sent = members(("S1", BEGAN), ("OLD", before), ("BOTH", BEGAN), ("LATE", late))
    put(lake, "published.audience_members", sent)
    put(lake, "published.audience_holdouts", held_out(("H1", BEGAN), ("BOTH", late)))
    put(lake, "gold.orders", orders(("OLD", 1, 500.0), ("BOTH", 1, 500.0), ("LATE", 6, 500.0)))
    found = results(lake, "fans", 7, BEGAN + timedelta(days=7))
    counts = (found.count_sent, found.count_held_out, found.count_waiting, found.count_mixed)
    assert counts == (1, 1, 1, 1)
    assert found.measures[1].sent == 0


def test_without_a_holdout_or_before_its_days_are_over_there_is_nothing_to_compare(lake):
    with pytest.raises(AlluviumError, match="no holdout"):
        results(lake, "others", 7, BEGAN)
    put(lake, "published.audience_members", members(("S1", BEGAN)))
    put(lake, "published.audience_holdouts", held_out(("H1", BEGAN)))
    put(lake, "gold.orders", orders(("S1", 1, 10.0)))
    with pytest.raises(AlluviumError, match="0 customers were sent and 0 held out"):
        results(lake, "fans", 7, BEGAN + timedelta(days=6))


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says():
    dice, held = np.random.default_rng(7), 0
    for seed in range(100):
        sent = dice.exponential(12, 400) * (dice.random(400) < 0.4)
        kept = dice.exponential(10, 200) * (dice.random(200) < 0.3)
        found = measure("revenue", sent, kept, seed)
        held += found.low <= 12 * 0.4 - 10 * 0.3 <= found.high
    assert 88 <= held <= 99


def test_equal_groups_show_no_difference_and_a_large_one_is_shown():
    dice = np.random.default_rng(1)
    same, more = dice.random(500), dice.random(500) + 1
    assert not measure("orders", same, same).is_shown
    assert measure("orders", more, same).is_shown
    assert measure("orders", same, more).high < 0


def test_a_split_that_chance_does_not_make_is_found():
    assert split_p_value(100, 1000, 0.1) > 0.9
    assert split_p_value(60, 1000, 0.1) < 0.001


def draft(lake: Settings, night: date, *held: str) -> None:
    """The night's drafts, and what it remembers of them."""
    moves = [*((name, "held_out") for name in held), ("S", "entered")]
    rows = [
        {"segment": "fans", "platform": "email", "customer_id": name, "move": move, "run_date": night,
         "definition_version": f"v{night.day}"}
        for name, move in moves
    ]  # fmt: skip
    ledger.replace(DRAFTS, rows, "true", lake)
    kept_out.remember(None, JobConfig(night, lake))


def test_who_is_held_out_is_remembered_from_the_first_night_on_and_a_night_can_be_repeated(lake):
    ledger.create(DRAFTS, lake)
    ledger.create(HOLDOUTS, lake)
    following = BEGAN + timedelta(days=1)

    def known() -> set[tuple[str, date, str]]:
        rows = ledger.rows(HOLDOUTS, lake)
        return {(row["customer_id"], row["held_since"], row["definition_version"]) for row in rows}

    draft(lake, BEGAN, "H1", "H2")
    draft(lake, following, "H1", "H3")
    first = {("H1", BEGAN, "v1"), ("H2", BEGAN, "v1")}
    assert known() == first | {("H3", following, "v2")}
    draft(lake, following, "H1")
    assert known() == first
