"""Ids are the product's memory: what may never happen to them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity import changes, history

DAY = date(2017, 11, 1)
NO_PERIODS = pl.DataFrame(schema=history.PERIODS)
Partition = dict[str, int]  # record -> number of its cluster

# Slow only when the machine is busy with other tests.
unhurried = settings(deadline=None, max_examples=40)
partitions = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 4), min_size=1)


def clusters_of(partition: Partition) -> pl.DataFrame:
    smallest = {number: min(r for r, n in partition.items() if n == number) for number in partition.values()}
    rows = [(record, "crm", "person", smallest[number], DAY) for record, number in partition.items()]
    columns = ["record_key", "source", "record_kind", "cluster", "first_seen_on"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def after(periods: pl.DataFrame, partition: Partition, run_date: date) -> pl.DataFrame:
    earlier = history.before(periods, run_date)
    members = history.today(clusters_of(partition), earlier)
    return history.advance(earlier, members, "strict", run_date, is_initial=False)


def nights(*given_partitions: Partition) -> pl.DataFrame:
    periods = NO_PERIODS
    for number, partition in enumerate(given_partitions):
        periods = after(periods, partition, DAY + timedelta(days=number))
    return periods


def ids(periods: pl.DataFrame) -> dict[str, str]:
    current = periods.filter("is_current")
    return dict(zip(current["record_key"], current["customer_id"], strict=True))


@unhurried
@given(partitions, partitions)
def test_ids_and_clusters_are_one_to_one(first: Partition, second: Partition) -> None:
    held = ids(nights(first, second))
    pairs = {(held[record], number) for record, number in second.items()}
    assert len(pairs) == len({pair[0] for pair in pairs}) == len(set(second.values()))


@unhurried
@given(partitions, partitions)
def test_a_cluster_whose_records_stay_together_keeps_its_id(first: Partition, second: Partition) -> None:
    before, now = ids(nights(first)), ids(nights(first, second))
    groups = [
        {record for record in part if part[record] == n}
        for part in (first, second)
        for n in set(part.values())
    ]
    unchanged = [group for group in groups if groups.count(group) == 2]
    assert all(before[record] == now[record] for group in unchanged for record in group)


@unhurried
@given(partitions, partitions, st.integers())
def test_the_order_of_rows_does_not_matter(first: Partition, second: Partition, seed: int) -> None:
    shuffled = list(second.items())
    Random(seed).shuffle(shuffled)
    mixed = nights(first).sample(fraction=1.0, shuffle=True, seed=abs(seed) % 1000)
    assert after(mixed, dict(shuffled), DAY + timedelta(days=1)).equals(nights(first, second))


@unhurried
@given(partitions, partitions, partitions)
def test_a_night_again_leaves_the_same_rows(first: Partition, second: Partition, wrong: Partition) -> None:
    tomorrow = DAY + timedelta(days=1)
    once = nights(first, second)
    assert after(once, second, tomorrow).equals(once)
    assert after(after(nights(first), wrong, tomorrow), second, tomorrow).equals(once)


@unhurried
@given(partitions)
def test_split_and_back_restores_the_ids(first: Partition) -> None:
    alone = {record: number for number, record in enumerate(first)}
    assert ids(nights(first, alone, first)) == ids(nights(first))


@unhurried
@given(partitions, partitions, partitions)
def test_every_id_ever_given_leads_to_one_of_today(one: Partition, two: Partition, three: Partition) -> None:
    everybody = dict.fromkeys("abcdefghij", 9)
    periods = nights(everybody | one, everybody | two, everybody | three)
    led = dict(history.redirects(periods).select("old_customer_id", "customer_id").iter_rows())
    living = set(ids(periods).values())
    assert set(periods["customer_id"]) == living | set(led)
    assert set(led.values()) <= living


def test_a_merge_keeps_the_older_id() -> None:
    periods = nights({"b": 1}, {"a": 2, "b": 1, "c": 2, "d": 2}, {"a": 1, "b": 1, "c": 1, "d": 1})
    assert ids(periods)["a"] == ids(nights({"b": 1}))["b"]


def test_a_split_keeps_the_id_with_the_larger_part() -> None:
    before, now = (
        ids(nights({"a": 1, "b": 1, "c": 1})),
        ids(nights(*[{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 1}])),
    )
    assert now["b"] == now["c"] == before["b"]
    assert now["a"] != before["a"]


def test_periods_tell_who_it_was_on_a_day() -> None:
    periods = nights({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 1})
    of_b = periods.filter(pl.col("record_key") == "b").select("valid_from", "valid_to", "is_current").rows()
    assert of_b == [(DAY, DAY + timedelta(days=2), False), (DAY + timedelta(days=2), None, True)]


def test_a_first_load_is_valid_from_the_first_event_on() -> None:
    clusters = clusters_of({"a": 1}).with_columns(pl.lit(date(2017, 3, 4)).alias("first_seen_on"))
    members = history.today(clusters, NO_PERIODS)
    opened = history.advance(NO_PERIODS, members, "strict", DAY, is_initial=True)
    assert opened.select("valid_from", "opened_on").rows() == [(date(2017, 3, 4), DAY)]


def test_a_record_that_moves_in_a_first_load_moves_on_its_day() -> None:
    # A first load of one source on a later night: the other sources' records have periods already.
    seen_early = pl.lit(date(2017, 3, 4)).alias("first_seen_on")
    loaded = history.advance(
        NO_PERIODS,
        history.today(clusters_of({"a": 1, "b": 1, "c": 2}).with_columns(seen_early), NO_PERIODS),
        "strict", DAY, is_initial=True,
    )  # fmt: skip
    moved = history.today(clusters_of({"a": 1, "b": 2, "c": 2}).with_columns(seen_early), loaded)
    periods = history.advance(loaded, moved, "strict", DAY + timedelta(days=1), is_initial=True)
    of_b = periods.filter(pl.col("record_key") == "b").select("valid_from", "valid_to").rows()
    assert of_b == [(date(2017, 3, 4), DAY + timedelta(days=1)), (DAY + timedelta(days=1), None)]


def told(first: Partition, second: Partition) -> list[tuple[str, str | None, str]]:
    earlier = nights(first)
    yesterday = earlier.filter("is_current").select("record_key", "customer_id")
    members = history.today(clusters_of(second), earlier)
    rows = changes.tell(yesterday, members, "strict", DAY + timedelta(days=1))
    return rows.select("change", "record_key", "cause").rows()


def test_changes_tell_what_happened() -> None:
    joined = {("created", None, "new_record"), ("attached", "b", "new_record")}
    assert set(told({"a": 1}, {"a": 1, "b": 1, "c": 2})) == joined
    merged = {("merged", None, "merged"), ("retired", None, "merged")}
    assert set(told({"a": 1, "b": 2}, {"a": 1, "b": 1})) == merged
    parted = {("created", None, "parted"), ("split", None, "parted")}
    assert set(told({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 1})) == parted
    assert told({"a": 1, "b": 2}, {"a": 1}) == [("retired", None, "no_records")]
    assert told({"a": 1, "b": 1}, {"a": 1, "b": 1}) == []
