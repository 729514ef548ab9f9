"""The project's files, without Spark: every model says what it is, and the business rules fit together."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from alluvium import catalog

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))


def rows(seed: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{seed}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def described(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.with_suffix(".yml").read_text())
    return next(entry for kind in ("models", "seeds", "snapshots") for entry in found.get(kind, []))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_has_its_yml_beside_it_and_says_its_grain(path: Path) -> None:
    model = described(path)
    assert model["name"] == path.stem
    last_sentence = model["description"].strip().rstrip(".").split(". ")[-1].lower()
    assert "row per" in last_sentence or "rows per" in last_sentence
    assert [column["name"] for column in model["columns"] if not column.get("description")] == []


@pytest.mark.parametrize("path", [p for p in MODELS if "marts" in p.parts], ids=lambda path: path.stem)
def test_every_mart_has_a_key_that_is_tested(path: Path) -> None:
    tests = described(path)["data_tests"]
    assert any(test.get("is_sound", {}).get("arguments", {}).get("key") for test in tests)


@pytest.mark.parametrize("path", [p for p in MODELS if "marts" in p.parts], ids=lambda path: path.stem)
def test_every_column_of_a_mart_has_the_type_that_its_contract_keeps(path: Path) -> None:
    assert [column["name"] for column in described(path)["columns"] if not column.get("data_type")] == []


@pytest.mark.parametrize("path", sorted((PROJECT / "seeds").glob("*.csv")), ids=lambda path: path.stem)
def test_every_seed_describes_and_types_its_columns(path: Path) -> None:
    seed = described(path)
    header = list(rows(path.stem)[0])
    assert [column["name"] for column in seed["columns"]] == header
    assert list(seed["config"]["column_types"]) == header


def test_each_pair_of_scores_lies_in_exactly_one_rfm_group() -> None:
    def groups(recency: int, value: int) -> list[str]:
        return [
            group["rfm_group"]
            for group in rows("rfm_groups")
            if int(group["recency_from"]) <= recency <= int(group["recency_to"])
            and int(group["value_from"]) <= value <= int(group["value_to"])
        ]

    pairs = [(0, 0), *product(range(1, 6), range(1, 6))]
    assert {pair: groups(*pair) for pair in pairs if len(groups(*pair)) != 1} == {}


def test_every_measure_has_a_lowest_score_for_everybody_and_scores_that_rise() -> None:
    for measure in ("recency", "frequency", "monetary"):
        points = [
            (int(p["score"]), float(p["from_share"]))
            for p in rows("rfm_cut_points")
            if p["measure"] == measure
        ]
        assert points[0] == (1, 0.0)
        assert points == sorted(points)
        assert [score for score, _ in points] == [1, 2, 3, 4, 5]


def test_every_purpose_is_opt_in_or_opt_out_and_whatever_leaves_the_house_is_opt_in() -> None:
    rules = {purpose["purpose"]: purpose["rule"] for purpose in rows("purposes")}
    assert set(rules.values()) == {"opt_in", "opt_out"}
    assert {name for name, rule in rules.items() if rule == "opt_out"} == {
        "analytics",
        "profiling",
        "personalisation",
    }


def test_every_purpose_has_a_lawful_basis_and_whatever_rests_on_consent_is_opt_in() -> None:
    known = {"consent", "contract", "legal_obligation", "legitimate_interest"}
    basis = {purpose["purpose"]: purpose["legal_basis"] for purpose in rows("purposes")}
    assert set(basis.values()) <= known
    rules = {purpose["purpose"]: purpose["rule"] for purpose in rows("purposes")}
    assert {name for name, why in basis.items() if why == "consent" and rules[name] != "opt_in"} == set()


def test_what_a_purpose_allows_is_what_the_platforms_and_the_catalogue_ask_for() -> None:
    uses = [(use["purpose"], use["kind"], use["name"]) for use in rows("purpose_uses")]
    assert {purpose for purpose, _, _ in uses} == {purpose["purpose"] for purpose in rows("purposes")}
    platforms = yaml.safe_load((PROJECT.parent / "spark_jobs" / "publish" / "platforms.yml").read_text())
    asked = {
        (purpose, "platform", name)
        for name, platform in platforms.items()
        for purpose in (platform["purpose"], *platform.get("also_granted", ()))
    }
    assert {use for use in uses if use[1] == "platform"} == asked
    assert {name for _, kind, name in uses if kind == "table"} <= set(catalog.TABLES)
    models = {name for _, kind, name in uses if kind == "model"}
    assert all((PROJECT.parent / "models" / name).is_dir() for name in models)


def test_survivorship_rules_are_known_and_each_attribute_has_one() -> None:
    known = {"most_recent", "most_frequent", "most_trusted_source", "longest", "verified_first"}
    attributes = Counter(rule["attribute"] for rule in rows("survivorship_rules"))
    assert {rule["rule"] for rule in rows("survivorship_rules")} <= known
    assert set(attributes.values()) == {1}
