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
    # The third corrects the first, and the fourth has so many bad rows that it is refused.
    refused = "parcel,card,weight,seen_on\n" + "x,,1.00,\n" * 2 + "".join(f"y{n},,1.00,\n" for n in range(30))
    for day, text in ((1, delivery(rng)), (2, delivery(rng)), (1, delivery(rng)), (3, refused)):
        load(both, day, text)
        assert held(both[0]) == held(both[1])
        assert ledger(both[0], day) == ledger(both[1], day)
    assert both[0].batch(3)["status"] == "refused"
