"""A batch of few rows ends in the tables as a batch of many does."""

from __future__ import annotations

from random import Random

import pytest

from spark_jobs.ingest.few import batch
from tests.spark_jobs.ingest.fault_source import PARCELS, delivery, held, ledger


@pytest.fixture
def both(make_source):
    """A source whose batches go the way of few rows, and one whose go the way of many."""
    return make_source("fewrows", PARCELS), make_source("manyrows", PARCELS)


def load(both, day: int, text: str, **options: str) -> None:
    for source, limit in zip(both, (batch.SMALL_BYTES, 0), strict=True):
        source.land(day, text)
        with pytest.MonkeyPatch.context() as way:
            way.setattr(batch, "SMALL_BYTES", limit)
            source.load(day, **options)


def test_both_ways_end_in_the_same_rows_and_the_same_ledger(both):
    rng = Random(4)
    # The third corrects the first.
    for day in (1, 2, 1):
        load(both, day, delivery(rng))
    assert held(both[0]) == held(both[1])
    for day in (1, 2):
        assert ledger(both[0], day) == ledger(both[1], day)
        assert both[0].batch(day)["reasons"] == both[1].batch(day)["reasons"]
