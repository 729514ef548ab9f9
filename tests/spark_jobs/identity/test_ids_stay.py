"""Ids over nights of real decisions: what arrives, is shuffled or ruled otherwise changes none."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from spark_jobs.identity import history, matching
from spark_jobs.identity.matching import Given
from spark_jobs.identity.rules import Rules, Tiers
from tests.spark_jobs.identity.test_matching import NOTHING, RULES, fresh, model

DAY = date(2017, 11, 1)
SOME = 600  # records of nights that are many


def night(periods: pl.DataFrame, number: int, rows: pl.DataFrame, given: Given) -> pl.DataFrame:
    """The periods of the strict tier after a night over these records."""
    clusters = matching.resolve(rows, NOTHING, given).clusters
    described = clusters.select("record_key", "source", "record_kind", pl.col("strict").alias("cluster"))
    run_date = DAY + timedelta(days=number)
    earlier = history.before(periods, run_date)
    seen = described.with_columns(pl.lit(DAY).alias("first_seen_on"))
    return history.advance(earlier, history.today(seen, earlier), "strict", run_date, is_initial=False)


def ids(periods: pl.DataFrame) -> dict[str, str]:
    current = periods.filter("is_current")
    return dict(zip(current["record_key"], current["customer_id"], strict=True))


def frozen(rules: Rules = RULES) -> Given:
    return Given(rules, model())


NOBODY = pl.DataFrame(schema=history.PERIODS)


def test_a_shuffled_rebuild_with_a_model_of_its_own_changes_no_id() -> None:
    rows = fresh()[0]
    first = night(NOBODY, 0, rows, frozen())
    again = night(first, 1, rows.sample(fraction=1.0, shuffle=True, seed=7), Given(RULES))
    assert ids(again) == ids(first)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_twentieth_of_new_records_changes_hardly_any_id(seed: int) -> None:
    rows = fresh()[0].sample(fraction=1.0, shuffle=True, seed=seed)
    old = ids(first := night(NOBODY, 0, rows.head(round(rows.height / 1.05)), frozen()))
    new = ids(night(first, 1, rows, frozen()))
    changed = sum(new[record] != customer for record, customer in old.items())
    assert changed <= 0.01 * len(old)
    assert len(new) > len(old)


def test_a_stricter_night_and_back_restores_every_id() -> None:
    rows = fresh()[0]
    first = night(NOBODY, 0, rows, frozen())
    strict = RULES.model_copy(update={"tiers": Tiers(strict=0.9999999, loose=0.5)})
    second = night(first, 1, rows, frozen(strict))
    assert ids(second) != ids(first)
    assert ids(night(second, 2, rows, frozen())) == ids(first)


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_nights_in_any_order_of_arrival_end_as_all_at_once(seed: int) -> None:
    rows = fresh()[0].head(SOME)
    arriving, periods = rows.sample(fraction=1.0, shuffle=True, seed=seed), NOBODY
    for number in range(10):
        periods = night(periods, number, arriving.head(SOME * (number + 1) // 10), frozen())
    by_id: dict[str, set[str]] = {}
    for record, customer in ids(periods).items():
        by_id.setdefault(customer, set()).add(record)
    at_once = matching.resolve(rows, NOTHING, frozen()).clusters
    whole = {frozenset(group["record_key"]) for _, group in at_once.group_by("strict")}
    assert {frozenset(held) for held in by_id.values()} == whole
