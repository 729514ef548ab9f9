"""Candidate pairs: what must meet does, and nothing explodes."""

from __future__ import annotations

import numpy as np
import polars as pl

from spark_jobs.identity import synthetic
from spark_jobs.identity.engine import bag, blocking
from spark_jobs.identity.engine.arrays import unpacked
from spark_jobs.identity.engine.prepare import prepare
from tests.spark_jobs.identity.engine.test_run import PEOPLE


def test_records_of_one_person_meet() -> None:
    rows = synthetic.records(3000, seed=21)
    records = prepare(rows["record_id"], rows.select(PEOPLE.columns), PEOPLE)
    found = blocking.find(records.attributes, records.nearness, budget=30_000)
    person = rows["person_id"].to_numpy()[records.place]
    left, right = unpacked(found.codes)
    sizes = np.bincount(person)
    true = (sizes * (sizes - 1) / 2).sum()
    assert (person[left] == person[right]).sum() > 0.97 * true
    assert len(left) < 60_000


def test_no_block_explodes_where_everybody_is_called_the_same() -> None:
    names = pl.Series(["maria garcia", "jose garcia"] * 3000)
    attribute = bag.build("name", 1, [names])
    found = blocking.find([attribute], np.arange(6000))
    assert len(found.codes) <= 6000 * blocking.CAPS[0]


def test_each_pair_stands_once_and_never_a_record_with_itself() -> None:
    rows = synthetic.records(500, seed=4)
    records = prepare(rows["record_id"], rows.select(PEOPLE.columns), PEOPLE)
    left, right = unpacked(blocking.find(records.attributes, records.nearness).codes)
    assert (left < right).all()
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == len(left)
