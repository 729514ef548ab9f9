"""Many people are judged beside this process, and come out as if they were judged here."""

from __future__ import annotations

import os
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from alluvium.errors import AlluviumError
from spark_jobs.publish import judging, many_people
from spark_jobs.publish.judging import Criteria
from spark_jobs.publish.plan import load
from spark_jobs.publish.suppression import Suppressed

SECRET = b"s" * 32


def test_helpers_judge_as_this_process_does_and_in_order(monkeypatch, person, stream):
    monkeypatch.setattr(many_people, "FEW_BATCHES", 1)
    suppressed = Suppressed({"customer_id": frozenset({"C4"})}, SECRET)
    criteria = Criteria({("fans", "meta"): load().platforms["meta"]}, {"fans": 0.5}, suppressed)
    batches = [
        stream([person(f"C{n}", phone="12" if n == 2 else None), person(f"D{n}", is_consented=False)])
        .with_columns(segment=pl.lit("fans"), platform=pl.lit("meta"))
        .to_arrow()
        .combine_chunks()
        .to_batches()[0]
        for n in range(12)
    ]
    here = list(judging.judged(iter(batches), criteria))
    beside = list(many_people.judged(iter(batches), criteria))
    assert [judged.people["customer_id"][0] for judged in beside] == [f"C{n}" for n in range(12)]
    assert all(one.people.equals(other.people) for one, other in zip(here, beside, strict=True))
    assert [one.rejects for one in here] == [other.rejects for other in beside]
    assert {verdict for one in here for verdict in one.people["verdict"]} >= {
        "usable",
        "suppressed",
        "held_out",
    }


class Deadly:
    """Ends the process that it is sent to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_a_helper_that_is_ended_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(many_people, "FEW_BATCHES", 0)
    batches = iter([pa.RecordBatch.from_pydict({"customer_id": ["C1"]})])
    with pytest.raises(AlluviumError, match="judges people was ended from outside"):
        list(many_people.judged(batches, Deadly()))  # type: ignore[arg-type]
