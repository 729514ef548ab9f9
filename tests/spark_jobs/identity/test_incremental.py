"""A night that remembers the last one decides as one that remembers nothing, and looks at few records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity import kept_rows, matching, synthetic
from spark_jobs.identity.decisions import CANNOT, MUST
from spark_jobs.identity.matching import Given
from spark_jobs.identity.model import Model
from spark_jobs.identity.outcome import Resolution
from tests.spark_jobs.identity.people import Said, decisions, identifiers, records
from tests.spark_jobs.identity.test_matching import NOTHING, RULES, fresh, model

TIGHT = RULES.model_copy(update={"blocking": RULES.blocking.model_copy(update={"pairs_per_record": 3.0})})


def town(count: int, seed: int) -> pl.DataFrame:
    made = synthetic.records(count, seed=seed).rename({"town": "city", "postcode": "postal_code"})
    days = pl.col("birth_date").str.to_date(strict=False)
    days = pl.when(days.dt.year() > 0).then(days)  # A slip of the pen may make it year 0, which Python lacks.
    keyed = made.with_columns(days, pl.format("town {}", "record_id").alias("record_key"))
    return records(*keyed.drop("record_id", "person_id", "sex").to_dicts())


def same(one: Resolution, other: Resolution) -> bool:
    """The same clusters in every tier, links, doubts and expectations."""
    frames = ("links", "review", "clusters")
    return (
        all(getattr(one, name).equals(getattr(other, name)) for name in frames)
        and one.expected == other.expected
    )


class Nights:
    """Nights over changing records, each beside one that remembers nothing."""

    def __init__(self, frozen: Model, bears: pl.DataFrame = NOTHING, rules: Any = RULES) -> None:
        self.given, self.bears = Given(rules, frozen), bears

    def night(self, rows: pl.DataFrame, *said: Said, is_checked: bool = True) -> Resolution:
        """The night's result; what it keeps goes through the table's form."""
        told = replace(self.given, decisions=decisions(*said))
        found = matching.resolve(rows, self.bears, told)
        if is_checked:
            assert same(found, matching.resolve(rows, self.bears, replace(told, kept=None)))
        self.given = replace(self.given, kept=kept_rows.kept(kept_rows.rows(found.kept)))
        return found


def moved(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Some records with another surname and street."""
    changed = pl.col("record_key").is_in(keys)
    return rows.with_columns(
        pl.when(changed).then(pl.lit("Nolan")).otherwise(pl.col("last_name")).alias("last_name"),
        pl.when(changed).then(pl.lit("7 Other Road")).otherwise(pl.col("street")).alias("street"),
    )


def test_new_changed_and_deleted_records_end_as_in_a_rebuild() -> None:
    rows = fresh()[0].head(900)
    nights, keys = Nights(model()), rows["record_key"].to_list()
    nights.night(rows.head(850), is_checked=False)
    night = nights.night(rows.head(880))
    assert night.counts["records_decided"] < 200
    assert night.counts["pairs_compared"] < 0.1 * night.counts["candidate_pairs"]
    night = nights.night(moved(rows, keys[:20]))
    assert night.counts["records_decided"] < 300
    gone = nights.night(moved(rows, keys[:20]).filter(~pl.col("record_key").is_in(keys[100:140])))
    assert gone.counts["pairs_compared"] < 0.1 * gone.counts["candidate_pairs"]
    assert 0 < gone.counts["records_decided"] < 200


def test_the_same_night_again_compares_nothing() -> None:
    rows = fresh()[0].head(300)
    nights = Nights(model())
    nights.night(rows, is_checked=False)
    again = nights.night(rows)
    assert (again.counts["pairs_compared"], again.counts["records_decided"]) == (0, 0)


def test_what_people_decide_and_what_identifiers_say_opens_a_cluster_again() -> None:
    rows = fresh()[0].head(300)
    bears = identifiers(*((key, "email", f"x{at // 2}") for at, key in enumerate(rows["record_key"][:40])))
    nights, keys = Nights(model()), sorted(rows["record_key"])
    nights.night(rows)
    said = [(keys[0], keys[1], MUST), (keys[2], keys[3], CANNOT)]
    assert nights.night(rows, *said).counts["records_decided"] > 0
    nights.bears = bears
    assert nights.night(rows, *said).counts["records_decided"] > 0
    nights.bears = bears.head(20)
    assert nights.night(rows, *said[:1]).counts["records_decided"] > 0


@lru_cache(maxsize=1)
def crowded() -> tuple[pl.DataFrame, Model]:
    """A town with a budget of so few pairs that keys are combined and neighbours meet."""
    rows = town(700, seed=31)
    kinds = np.random.default_rng(31).integers(0, 9, rows.height)
    words = {
        "first_name": "Ann Bob Carl Dora Emil Fay Gus Hal Ida",
        "last_name": "Lee Moss Nolan Orr Price Quick Ross Sato Tran",
        "city": "Troy Xenia Dayton Salem Lima Akron Parma Mentor Solon",
    }
    named = [pl.Series(name, np.array(text.split())[kinds]) for name, text in words.items()]
    few = rows.with_columns(*named, pl.lit(None, pl.String).alias("postal_code"))
    found = matching.resolve(few, NOTHING, Given(TIGHT))
    assert found.counts["records_windowed"] > 100
    assert found.model is not None
    return few, found.model


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_hot_keys_and_neighbours_change_nothing(seed: int) -> None:
    rows, frozen = crowded()
    nights, dice = Nights(frozen, rules=TIGHT), np.random.default_rng(seed)
    for _ in range(2):
        present = dice.random(rows.height) < 0.97
        nights.night(rows.filter(pl.Series(present)))


def test_another_model_or_other_rules_forget_what_was_kept() -> None:
    rows = fresh()[0].head(200)
    nights = Nights(model())
    nights.night(rows, is_checked=False)
    nights.given = replace(nights.given, rules=TIGHT)
    forgotten = nights.night(rows)
    assert forgotten.counts["records_decided"] == forgotten.counts["records_with_name"]
    assert nights.night(rows).counts["records_decided"] == 0


def test_rows_that_are_missing_are_noticed() -> None:
    rows = fresh()[0].head(100)
    table = kept_rows.rows(matching.resolve(rows, NOTHING, Given(RULES, model())).kept)
    assert kept_rows.kept(table) is not None
    assert kept_rows.kept(table.filter(pl.col("number") != 7)) is None
    assert kept_rows.kept(table.clear()) is None
    assert not [column for column in table.columns if column in rows.columns and column != "record_key"]


def ten_nights(rows: pl.DataFrame, seed: int, checked: Sequence[int] = range(1, 11)) -> None:
    """Records come in any order, some change, some go; a checked night is as a rebuild."""
    dice, nights = np.random.default_rng(seed), Nights(model())
    arriving = rows.sample(fraction=1.0, shuffle=True, seed=seed)
    for number in range(1, 11):
        present = arriving.head(rows.height * number // 10)
        keys = present["record_key"].to_list()
        changed = [keys[at] for at in dice.integers(0, len(keys), 5)]
        gone = [keys[at] for at in dice.integers(0, len(keys), 5)]
        tonight = moved(present, changed).filter(~pl.col("record_key").is_in(gone))
        nights.night(tonight, is_checked=number in checked)


def test_ten_nights_end_as_ten_rebuilds() -> None:
    ten_nights(fresh()[0].head(300), seed=1, checked=(5, 10))


@pytest.mark.full
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_ten_nights_of_many_records_end_as_ten_rebuilds(seed: int) -> None:
    ten_nights(town(10_000, seed=seed), seed)
