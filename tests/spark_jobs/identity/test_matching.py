"""Who is put together and who is not: one case of the world per test."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import polars as pl
import pytest

from spark_jobs.identity import matching, rules
from spark_jobs.identity.model import Model
from tests.spark_jobs.identity.people import identifiers, records, together

MARY = {
    "first_name": "Mary",
    "last_name": "Whitcombe",
    "birth_date": date(1980, 2, 3),
    "street": "12 North Main Street",
    "city": "Dayton",
    "postal_code": "45402",
}
# Weights as an estimation over a town of such records gives them: a fixed model keeps the cases apart.
MODEL = Model(
    m={
        "first_name": {
            "different": 0.0002, "initial": 0.01, "distant": 0.002, "swapped": 0.02, "close": 0.05,
            "variant": 0.05, "same_common": 0.6, "same_rare": 0.2678,
        },
        "last_name": {
            "different": 0.01, "distant": 0.005, "swapped": 0.02, "close": 0.05, "same_common": 0.6,
            "same_rare": 0.315,
        },
        "birth_date": {"different": 0.0003, "parts": 0.002, "typo": 0.04, "same": 0.9577},
        "address": {"different": 0.05, "near": 0.05, "postal_code": 0.02, "similar": 0.05, "same": 0.83},
        "email": {"different": 0.1, "close": 0.07, "same_shared": 0.01, "same": 0.82},
        "phone": {"different": 0.1, "close": 0.04, "same_shared": 0.01, "same": 0.85},
    },
    u={
        "first_name": {
            "different": 0.94, "initial": 0.005, "distant": 0.03, "swapped": 0.00001, "close": 0.01,
            "variant": 0.005, "same_common": 0.009, "same_rare": 0.001,
        },
        "last_name": {
            "different": 0.96, "distant": 0.02, "swapped": 0.00001, "close": 0.01, "same_common": 0.009,
            "same_rare": 0.001,
        },
        "birth_date": {"different": 0.99, "parts": 0.0088, "typo": 0.001, "same": 0.0002},
        "address": {"different": 0.9, "near": 0.08, "postal_code": 0.019, "similar": 0.0005, "same": 0.0005},
        "email": {"different": 0.999, "close": 0.0003, "same_shared": 0.0003, "same": 0.0004},
        "phone": {"different": 0.999, "close": 0.0003, "same_shared": 0.0003, "same": 0.0004},
    },
    prior=0.0002,
    has_families=True,
)  # fmt: skip
NOTHING = identifiers()


def resolved(rows: pl.DataFrame, bears: pl.DataFrame = NOTHING, tier: str = "strict") -> set[frozenset[str]]:
    return together(matching.resolve(rows, bears, rules.load(), MODEL).clusters, tier)


def are_one(one: dict[str, Any], other: dict[str, Any], bears: pl.DataFrame = NOTHING) -> bool:
    rows = records({"record_key": "a", **one}, {"record_key": "b", **other})
    return resolved(rows, bears) == {frozenset("ab")}


@pytest.mark.parametrize(
    "typed",
    [
        {"first_name": "MARY ", "street": "12 N. Main St., Apt 4"},
        {"first_name": "Molly"},
        {"first_name": "Whitcombe", "last_name": "Mary"},
        {"last_name": "Whitcomb", "birth_date": date(1980, 3, 2)},
        {"first_name": "M", "birth_date": date(1980, 2, 3)},
        {"street": "99 Elsewhere Road", "postal_code": "10001", "city": "New York"},
    ],
    ids=["case and abbreviations", "nickname", "swapped names", "typing errors", "initial", "moved"],
)
def test_one_person_typed_in_two_ways_is_one_customer(typed: dict[str, Any]) -> None:
    assert are_one(MARY, MARY | typed)


@pytest.mark.parametrize(
    "other",
    [
        {"first_name": "Jane"},
        {"first_name": "John", "birth_date": date(1978, 5, 9)},
        {"birth_date": date(1951, 11, 20)},
    ],
    ids=["twin", "husband", "mother of the same name"],
)
def test_relatives_at_one_address_stay_apart_even_with_one_email_and_phone(other: dict[str, Any]) -> None:
    shared = {"email": "whitcombe@post.com", "phone": "+1 937 222 4567"}
    same = [(record, kind, value) for record in "ab" for kind, value in shared.items()]
    assert not are_one(MARY | shared, MARY | shared | other, identifiers(*same))


def test_a_null_matches_nothing() -> None:
    nobody = {"first_name": "N/A", "last_name": "unknown", "birth_date": date(1900, 1, 1)}
    assert not are_one(nobody, nobody)


def test_an_identifier_joins_records_that_do_not_contradict() -> None:
    rows = records(
        {"record_key": "a", "first_name": "Ann", "last_name": "Lee"}, {"record_key": "b", "last_name": "Lee"}
    )
    bears = identifiers(("a", "loyalty_card", "900"), ("b", "loyalty_card", "900"))
    assert resolved(rows, bears, "exact") == {frozenset("ab")}


def test_a_value_of_too_many_people_links_nobody() -> None:
    names = ["Ann", "Bob", "Carl", "Dora", "Emil", "Fritz", "Ann"]
    rows = records(
        *({"record_key": str(n), "first_name": name, "last_name": "Lee"} for n, name in enumerate(names))
    )
    bears = identifiers(*((str(n), "email", "office@firm.com") for n in range(len(names))))
    assert len(resolved(rows, bears, "exact")) == len(names)


def test_cards_subscribers_and_devices_join_the_person_they_point_to() -> None:
    rows = records(
        {"record_key": "account", **MARY},
        {"record_key": "card", "source": "pos", "record_kind": "card"},
        {"record_key": "phone", "source": "web", "record_kind": "device"},
        {"record_key": "subscriber", "source": "email"},
    )
    bears = identifiers(
        ("account", "loyalty_card", "900"), ("card", "loyalty_card", "900", True),
        ("account", "user_id", "u1", True), ("phone", "user_id", "u1"),
        ("account", "email", "m@w.com"), ("subscriber", "email", "m@w.com"),
    )  # fmt: skip
    assert resolved(rows, bears) == {frozenset({"account", "card", "phone", "subscriber"})}


def test_a_device_of_several_people_joins_nobody() -> None:
    john = MARY | {"first_name": "John", "birth_date": date(1978, 5, 9)}
    rows = records(
        {"record_key": "mary", **MARY},
        {"record_key": "john", **john},
        {"record_key": "tablet", "source": "web", "record_kind": "device"},
    )
    bears = identifiers(
        ("mary", "user_id", "u1", True), ("john", "user_id", "u2", True),
        ("tablet", "user_id", "u1"), ("tablet", "user_id", "u2"),
    )  # fmt: skip
    assert resolved(rows, bears) == {frozenset({"mary"}), frozenset({"john"}), frozenset({"tablet"})}


def test_a_card_that_two_people_name_goes_to_its_holder() -> None:
    john = MARY | {"first_name": "John", "birth_date": date(1978, 5, 9)}
    rows = records(
        {"record_key": "holder", "source": "loyalty", **MARY},
        {"record_key": "john", **john},
        {"record_key": "card", "source": "pos", "record_kind": "card"},
    )
    bears = identifiers(
        ("holder", "loyalty_card", "900", True),
        ("john", "loyalty_card", "900"),
        ("card", "loyalty_card", "900", True),
    )
    assert resolved(rows, bears) == {frozenset({"holder", "card"}), frozenset({"john"})}


def test_a_record_between_two_people_glues_them_not() -> None:
    rows = records(
        {"record_key": "mary", **MARY},
        {"record_key": "middle", **(MARY | {"first_name": None, "birth_date": None})},
        {"record_key": "john", **(MARY | {"first_name": "John", "birth_date": date(1978, 5, 9)})},
    )
    bears = identifiers(*((key, "phone", "1") for key in ("mary", "middle", "john")))
    assert all({"mary", "john"} - cluster for cluster in resolved(rows, bears))


def _town(count: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of people with two records each, some shared telephones, cards beside."""
    dice = Random(seed)
    rows: list[dict[str, Any]] = []
    bears: list[tuple[str, str, str]] = []
    for person in range(count):
        details = {
            "first_name": dice.choice(["Ann", "Bob", "Carl", "Dora", "Emil", "Fay"]),
            "last_name": dice.choice(["Lee", "Moss", "Nolan", "Okafor", "Price"]),
            "birth_date": date(1950 + person % 50, 1 + person % 12, 1 + person % 28),
            "street": f"{person % 40} High Street",
            "postal_code": f"4{person % 10:04d}",
        }
        for copy in range(2):
            rows.append({"record_key": f"{dice.random():.12f}", **details})
            bears.append((str(rows[-1]["record_key"]), "phone", str(person // 2 if copy else person)))
    return records(*rows), identifiers(*bears)


def test_the_order_of_rows_changes_nothing() -> None:
    rows, bears = _town(60, seed=1)
    one = matching.resolve(rows, bears, rules.load())
    other = matching.resolve(
        rows.sample(fraction=1.0, shuffle=True, seed=3),
        bears.sample(fraction=1.0, shuffle=True, seed=4),
        rules.load(),
    )
    assert one.links.equals(other.links)
    assert one.clusters.equals(other.clusters)
    assert one.model == other.model


def test_a_frozen_model_decides_as_the_one_just_estimated() -> None:
    rows, bears = _town(60, seed=2)
    fresh = matching.resolve(rows, bears, rules.load())
    assert fresh.model is not None
    again = matching.resolve(rows, bears, rules.load(), Model.from_json(fresh.model.to_json()))
    assert again.links.equals(fresh.links)
    assert again.review.equals(fresh.review)
    assert fresh.model.fits()


def test_without_records_there_is_nothing_to_learn_and_nobody() -> None:
    empty = matching.resolve(records({"record_key": "x"}).clear(), NOTHING, rules.load())
    assert empty.model is None
    assert empty.clusters.is_empty()


def test_links_and_doubts_name_levels_and_never_values() -> None:
    rows = records({"record_key": "a", **MARY}, {"record_key": "b", **MARY})
    outcome = matching.resolve(rows, NOTHING, rules.load(), MODEL)
    assert outcome.links["rule"].to_list() == ["similar"]
    assert "Whitcombe" not in str(outcome.links.to_dicts()) + str(outcome.counts)
    assert "last_name=same_rare" in outcome.links["evidence"][0]
