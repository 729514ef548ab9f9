"""Who shares a home, on a street known by hand."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from spark_jobs.identity import households
from tests.spark_jobs.identity.people import records

HOME = {"street": "12 Main Street", "city": "Springfield", "postal_code": "12345"}
PEOPLE = [
    {"record_key": "ann", "first_name": "Ann", "last_name": "Lee", **HOME},
    {"record_key": "bob", "first_name": "Bob", "last_name": "Lee", **HOME, "street": "12 Main St."},
    {"record_key": "cy", "first_name": "Cy", "last_name": "Lee-Moss", **HOME, "postal_code": None},
    {"record_key": "di", "first_name": "Di", "last_name": "Price", **HOME},
    {"record_key": "ed", "first_name": "Ed", "last_name": "Lee", **HOME, "street": "14 Main Street"},
    {
        "record_key": "flo",
        "first_name": "Flo",
        "last_name": "Lee",
        **HOME,
        "city": "Shelby",
        "postal_code": "9",
    },
]


def periods(*of: str, born: dict[str, date] | None = None) -> pl.DataFrame:
    rows = [(key, f"C-{key}", True, (born or {}).get(key, date(2017, 1, 1))) for key in of]
    kinds = {
        "record_key": pl.String,
        "customer_id": pl.String,
        "is_current": pl.Boolean,
        "opened_on": pl.Date,
    }
    return pl.DataFrame(rows, schema=kinds, orient="row")


def homes(*said: dict[str, object], born: dict[str, date] | None = None) -> set[frozenset[str]]:
    found = households.find(records(*said), periods(*(str(row["record_key"]) for row in said), born=born))
    assert (
        found["count_customers"].to_list()
        == found.select(pl.len().over("household_id")).to_series().to_list()
    )
    return {frozenset(rows["customer_id"]) for _, rows in found.group_by("household_id")}


def test_related_names_at_one_address_are_a_household_and_nobody_else() -> None:
    assert homes(*PEOPLE) == {frozenset({"C-ann", "C-bob", "C-cy"})}


def test_flats_are_homes_of_their_own() -> None:
    flats = [
        row | {"street": f"12 Main Street Apt {flat}"} for row, flat in zip(PEOPLE[:2], (1, 2), strict=True)
    ]
    assert homes(*flats) == set()
    assert homes(flats[0], PEOPLE[1]) == {frozenset({"C-ann", "C-bob"})}


def test_who_moves_out_is_in_the_household_no_more() -> None:
    moved = PEOPLE[1] | {"street": "9 Elm Road", "observed_at": datetime(2017, 5, 1), "record_key": "bob2"}
    said = records(*PEOPLE[:2], moved)
    strict = pl.concat([periods("ann", "bob"), periods("bob2").with_columns(customer_id=pl.lit("C-bob"))])
    assert households.find(said, strict).is_empty()


def test_the_id_stays_while_the_oldest_customer_does() -> None:
    born = {"bob": date(2016, 1, 1)}
    both = households.find(records(*PEOPLE[:2]), periods("ann", "bob", born=born))
    three = households.find(records(*PEOPLE[:3]), periods("ann", "bob", "cy", born=born))
    assert set(both["household_id"]) == set(three["household_id"])
    without = households.find(records(PEOPLE[0], PEOPLE[2]), periods("ann", "cy", born=born))
    assert set(without["household_id"]) != set(both["household_id"])


def test_nobody_has_no_household() -> None:
    assert households.find(records(), periods()).is_empty()
