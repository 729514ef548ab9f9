"""What other rules would do, on clusters known by hand."""

from __future__ import annotations

import polars as pl

from spark_jobs.identity import rules, what_if
from spark_jobs.identity.matching import Given
from tests.spark_jobs.identity.people import identifiers
from tests.spark_jobs.identity.people import records as people
from tests.spark_jobs.identity.test_matching import model


def clusters(**of: str) -> pl.DataFrame:
    return pl.DataFrame(list(of.items()), schema=["record_key", "customer"], orient="row")


def test_every_customer_has_one_fate() -> None:
    before = clusters(a="1", b="1", c="2", d="3", e="4", f="4", g="5")
    after = clusters(a="x", b="y", c="y", d="z", e="v", f="w", g="z")
    found = what_if.compare(before, after)
    assert dict(found.fate.select("customer", "fate").iter_rows()) == {
        "1": "merged_and_split", "2": "merged", "3": "merged", "4": "split", "5": "merged",
    }  # fmt: skip
    assert found.counts() == {"merged": 3, "split": 1, "merged_and_split": 1, "unchanged": 0}
    assert sorted(found.touched()) == ["1", "2", "3", "4", "5"]
    assert [each["meets"] for each in found.examples() if each["customer"] == "3"] == [["5"]]


def test_other_names_of_the_same_clusters_change_nothing() -> None:
    found = what_if.compare(clusters(a="1", b="1", c="2"), clusters(a="x", b="x", c="y"))
    assert found.counts()["unchanged"] == 2
    assert found.examples() == []


def test_rules_that_link_fewer_records_by_an_account_split() -> None:
    names = zip("abc", ("Lee", "Moss", "Price"), strict=True)
    said = [{"record_key": key, "first_name": "Ann", "last_name": last} for key, last in names]
    rows, more = people(*said[:2]), people(*said)
    third = identifiers(*((key, "user_id", "1") for key in "abc"))
    bears = third.filter(pl.col("record_key") != "c")
    now = rules.load()
    fewer = now.identifiers["user_id"].model_copy(update={"max_records": 2})
    strict = now.model_copy(update={"identifiers": {**now.identifiers, "user_id": fewer}})
    given = Given(now, model())
    assert what_if.decide(rows, bears, given, strict).counts()["unchanged"] == 1
    assert what_if.decide(more, third, given, strict).counts()["split"] == 1
