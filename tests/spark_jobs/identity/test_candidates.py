"""No block can explode, however many records share a key."""

from __future__ import annotations

from datetime import date

import polars as pl

from spark_jobs.identity import candidates, rules, standardise
from spark_jobs.identity.rules import Blocking
from tests.spark_jobs.identity.people import key_of, records


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return standardise.comparable(rows).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))


def test_records_that_share_every_key_give_pairs_in_proportion_to_their_number() -> None:
    same = {"first_name": "Ann", "last_name": "Lee", "birth_date": date(1980, 1, 2), "postal_code": "45402"}
    rows = records(*({"record_key": key_of(str(n)), **same} for n in range(500)))
    found = candidates.find(_numbered(rows), Blocking(block_cap=20, window=5))
    assert 499 <= len(found.left) <= 500 * 5
    assert (found.left < found.right).all()


def test_a_moved_person_with_a_misspelt_name_is_still_a_candidate() -> None:
    one = {
        "first_name": "Ann",
        "last_name": "Philips",
        "birth_date": date(1980, 1, 2),
        "postal_code": "45402",
    }
    other = {"first_name": "Anne", "last_name": "Phillips", "postal_code": "10001"}
    found = candidates.find(
        _numbered(records({"record_key": "a", **one}, {"record_key": "b", **other})), rules.load().blocking
    )
    assert (found.left.tolist(), found.right.tolist()) == ([0], [1])
