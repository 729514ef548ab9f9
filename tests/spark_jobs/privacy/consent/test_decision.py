"""The strictest standing choice decides, in Python as in `gold.consents`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from jinja2 import Environment
from pyspark.sql import SparkSession

from spark_jobs.privacy.consent.decision import Choice, decide

CONSENTS = Path(__file__).resolve().parents[4] / "dbt_project/models/marts/customers/consents.sql"
START = datetime(2017, 1, 1, 12, tzinfo=UTC)


def choice(record: str, status: str, day: int, source: str = "consent") -> Choice:
    return Choice(record, "analytics", status, START + timedelta(days=day), source)


@pytest.mark.parametrize(
    ("choices", "status", "by"),
    [
        ([], "no record", None),
        ([("r1", "granted", 0), ("r1", "denied", 1), ("r1", "granted", 2)], "granted", ("r1", 2)),
        ([("r1", "denied", 0), ("r2", "granted", 5)], "denied", ("r1", 0)),
        ([("r1", "revoked", 0), ("r2", "denied", 5)], "revoked", ("r1", 0)),
        ([("r1", "granted", 3), ("r1", "denied", 3)], "denied", ("r1", 3)),
        ([("r1", "granted", 0), ("r1", "denied", 40)], "granted", ("r1", 0)),
    ],
)
def test_the_strictest_of_the_choices_that_stand_decides(choices, status, by):
    found = decide("analytics", "opt_in", [choice(*each) for each in choices], START + timedelta(days=30))
    assert found.status == status
    decided = found.decided_by
    assert by == (decided and (decided.record_key, (decided.chosen_at - START).days))


def test_without_any_choice_the_rule_of_the_purpose_decides():
    assert [decide("p", rule, [], START).is_allowed for rule in ("opt_in", "opt_out")] == [False, True]
    asked = [Choice("r", "p", "denied", START, "web")]
    assert not decide("p", "opt_out", asked, START + timedelta(days=1)).is_allowed


def timelines(count: int, seed: int) -> list[tuple[str, Choice]]:
    rng = Random(seed)
    statuses, sources = ("granted", "denied", "revoked"), ("consent", "web", "email")
    return [
        (
            f"C{number}",
            Choice(
                f"r{rng.randrange(3)}",
                "analytics",
                rng.choice(statuses),
                START + timedelta(days=rng.randrange(8)),
                rng.choice(sources),
            ),
        )
        for number in range(count)
        for _ in range(rng.randrange(1, 9))
    ]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.full)])
def test_the_table_of_consents_is_the_slow_rule_on_random_timelines(spark: SparkSession, count: int) -> None:
    made = timelines(count, seed=20_171_101)
    rows = [(who, c.record_key, c.purpose, c.status, c.chosen_at, c.source) for who, c in made]
    columns = "customer_id string, record_key string, purpose string, status string, chosen_at timestamp"
    spark.createDataFrame(rows, f"{columns}, source string").createOrReplaceTempView("random_choices")
    query = (
        Environment()
        .from_string(CONSENTS.read_text())
        .render(
            ref=lambda name: "random_choices",
            local_day=lambda column: f"to_date({column})",
            run_date=lambda: "date'2017-12-31'",
        )
    )
    periods = spark.sql(query).select("customer_id", "status", "valid_from", "valid_to").toArrow().to_pylist()
    held: dict[str, list[dict]] = {}
    for period in periods:
        held.setdefault(period["customer_id"], []).append(period)
    by_customer: dict[str, list[Choice]] = {}
    for who, each in made:
        by_customer.setdefault(who, []).append(each)
    wrong = 0
    for who, choices in by_customer.items():
        for day in range(8):
            at = START + timedelta(days=day, seconds=1)
            found = decide("analytics", "opt_in", choices, at)
            then = [
                p["status"]
                for p in held[who]
                if _utc(p["valid_from"]) < at and (p["valid_to"] is None or _utc(p["valid_to"]) >= at)
            ]
            wrong += then != ([found.status] if found.decided_by else [])
    assert wrong == 0


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
