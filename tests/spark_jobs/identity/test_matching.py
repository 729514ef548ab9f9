"""Who is put together and who is not: one case of the world per test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from random import Random
from typing import Any

import polars as pl
import pytest

from alluvium.privacy import keys
from spark_jobs.identity import matching, rules, synthetic
from spark_jobs.identity.decisions import CANNOT, FORGET, MUST
from spark_jobs.identity.matching import Given
from spark_jobs.identity.model import Model
from spark_jobs.identity.outcome import TIERS, Resolution
from tests.spark_jobs.identity.people import Said, decisions, identifiers, records, together

MARY = {
    "first_name": "Mary",
    "last_name": "Whitcombe",
    "birth_date": date(1980, 2, 3),
    "street": "12 North Main Street",
    "city": "Dayton",
    "postal_code": "45402",
}
NOTHING = identifiers()
RULES = rules.load()


@lru_cache(maxsize=1)
def fresh() -> tuple[pl.DataFrame, Resolution]:
    """A town with families, and who is who there: with a handful of records every word would be common."""
    town = synthetic.records(2000, seed=4).rename({"town": "city", "postcode": "postal_code"})
    days = pl.col("birth_date").str.to_date(strict=False)
    keyed = town.with_columns(days, pl.format("town {}", "record_id").alias("record_key"))
    rows = records(*keyed.drop("record_id", "person_id", "sex").to_dicts())
    return rows, matching.resolve(rows, NOTHING, Given(RULES))


def model() -> Model:
    """Estimated from the town."""
    found = fresh()[1].model
    assert found is not None
    return found


def resolve(rows: pl.DataFrame, bears: pl.DataFrame = NOTHING, *said: Said) -> Resolution:
    return matching.resolve(rows, bears, Given(RULES, model(), decisions(*said)))


def resolved(
    rows: pl.DataFrame, bears: pl.DataFrame = NOTHING, tier: str = "strict", said: Sequence[Said] = ()
) -> set[frozenset[str]]:
    return together(resolve(rows, bears, *said).clusters, tier)


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
    one = matching.resolve(rows, bears, Given(RULES))
    other = matching.resolve(
        rows.sample(fraction=1.0, shuffle=True, seed=3),
        bears.sample(fraction=1.0, shuffle=True, seed=4),
        Given(RULES),
    )
    assert one.links.equals(other.links)
    assert one.clusters.equals(other.clusters)
    assert one.model is not None
    assert other.model is not None
    assert one.model.version == other.model.version


def test_a_frozen_model_decides_as_the_one_just_estimated() -> None:
    rows, once = fresh()
    again = matching.resolve(rows, NOTHING, Given(RULES, Model.from_json(model().to_json())))
    assert again.links.equals(once.links)
    assert again.review.equals(once.review)
    assert again.model is not None
    assert again.model.version == model().version


def test_tiers_are_nested() -> None:
    rows, bears = _town(60, seed=3)
    clusters = matching.resolve(rows, bears, Given(RULES, model())).clusters
    for fine, coarse in (("exact", "strict"), ("strict", "loose")):
        assert clusters.group_by(fine).agg(pl.col(coarse).n_unique())[coarse].max() == 1


def test_the_model_holds_no_name() -> None:
    secret = b"x" * 32
    rows, bears = _town(60, seed=2)
    keyed = Given(RULES, key_of=partial(keys.digest, secret))
    found = matching.resolve(rows, bears, keyed).model
    assert found is not None
    names = {*rows["first_name"], *rows["last_name"], *rows["email"], *rows["street"]} - {None}
    assert not [name for name in names if name.lower() in found.to_json().lower()]
    counts = found.memory.counts["name"]
    assert counts[keys.digest(secret, "name/lee")] == int((rows["last_name"] == "Lee").sum())


def test_without_records_there_is_nothing_to_learn_and_nobody() -> None:
    empty = matching.resolve(records({"record_key": "x"}).clear(), NOTHING, Given(RULES))
    assert empty.model is None
    assert empty.clusters.is_empty()


def test_links_and_doubts_name_levels_and_never_values() -> None:
    rows = records({"record_key": "a", **MARY}, {"record_key": "b", **MARY})
    outcome = resolve(rows)
    assert outcome.links["rule"].to_list() == ["similar"]
    assert "Whitcombe" not in str(outcome.links.to_dicts()) + str(outcome.counts)
    steps = json.loads(outcome.links["evidence"][0])
    assert [step["field"] for step in steps][:3] == ["chance", "name", "address"]
    odds = sum(step["bits"] for step in steps)
    assert 1 / (1 + 2**-odds) == pytest.approx(outcome.links["probability"][0], abs=1e-3)


JOHN = MARY | {"first_name": "John", "birth_date": date(1978, 5, 9)}


def test_what_somebody_parted_stays_apart_whatever_it_shares() -> None:
    rows = records({"record_key": "a", **MARY}, {"record_key": "b", **MARY})
    bears = identifiers(("a", "email", "m@w.com"), ("b", "email", "m@w.com"))
    for tier in TIERS:
        assert resolved(rows, bears, tier, [("a", "b", CANNOT)]) == {frozenset("a"), frozenset("b")}


def test_what_somebody_parted_is_not_joined_through_a_third_record() -> None:
    rows = records(*({"record_key": key, **MARY} for key in "abc"))
    found = resolved(rows, said=[("a", "c", CANNOT)])
    assert not any({"a", "c"} <= cluster for cluster in found)
    assert len(found) == 2


def test_what_somebody_put_together_is_one_in_every_tier() -> None:
    rows = records({"record_key": "a", **MARY}, {"record_key": "b", **JOHN})
    for tier in TIERS:
        assert resolved(rows, tier=tier, said=[("a", "b", MUST)]) == {frozenset("ab")}


def test_the_word_that_two_records_are_two_beats_a_chain_of_words_that_they_are_one() -> None:
    rows = records(*({"record_key": key, **MARY} for key in "abc"))
    said = [("a", "b", MUST), ("b", "c", MUST), ("a", "c", CANNOT)]
    assert not any({"a", "c"} <= cluster for cluster in resolved(rows, said=said))


def test_a_newer_word_replaces_an_older_one_and_can_be_taken_back() -> None:
    rows = records({"record_key": "a", **MARY}, {"record_key": "b", **JOHN})
    apart = {frozenset("a"), frozenset("b")}
    assert resolved(rows, said=[("a", "b", MUST), ("a", "b", CANNOT)]) == apart
    assert resolved(rows, said=[("a", "b", MUST), ("a", "b", FORGET)]) == apart


def test_a_device_goes_where_somebody_put_it_and_nowhere_where_somebody_parted_it() -> None:
    rows = records(
        {"record_key": "mary", **MARY},
        {"record_key": "john", **JOHN},
        {"record_key": "tablet", "source": "web", "record_kind": "device"},
    )
    bears = identifiers(("mary", "user_id", "u1", True), ("tablet", "user_id", "u1"))
    everybody = [frozenset({name}) for name in ("mary", "john", "tablet")]
    assert resolved(rows, bears, said=[("mary", "tablet", CANNOT)]) == set(everybody)
    moved = resolved(rows, bears, said=[("john", "tablet", MUST)])
    assert moved == {frozenset({"mary"}), frozenset({"john", "tablet"})}
