"""Replay: a row that a mended contract takes enters once, where it belongs; others stay."""

from __future__ import annotations

from alluvium.tables.ingest import PII_QUARANTINE
from spark_jobs.ingest import discard

TOLLS = """
description: Tolls, one row per passage.
files: {format: json}
record: plate
max_bad_share: 0.5
columns:
  passage: {type: bigint, required: true}
  plate:   {type: string, identifier: plate}
  lane:    {type: string, required: true, allowed: [a, b]}
key: [passage]
"""
ROWS = (
    '{"passage":1,"plate":"X1","lane":"a"}\n'
    '{"passage":2,"plate":"X2","lane":"c"}\n'
    '{"passage":3,"plate":"X3","lane":"b"}\n'
    '{"passage":4,"plate":"X4"}\n'
)


def test_a_mended_contract_takes_its_rows_back_once(make_source):
    bridge = make_source("bridge", TOLLS)
    bridge.land(1, ROWS, "rows.json")
    bridge.load(1)
    assert bridge.counts(1) == (4, 2, 2, 0)

    bridge.promise(TOLLS.replace("[a, b]", "[a, b, c]"))
    assert bridge.replay(1) == {"batches": 1, "rows_accepted": 1}
    assert bridge.counts(1) == (4, 3, 1, 0)
    assert bridge.rows(PII_QUARANTINE, "row_number", "status") == [(2, "replayed"), (4, "open")]
    replayed = bridge.content()

    assert bridge.replay(1)["rows_accepted"] == 0
    assert bridge.content() == replayed
    bridge.load(1)
    assert bridge.content() == replayed, "the batch stands under the contract of the replay"
    bridge.load(1, force="true")
    assert bridge.rows(bridge.bronze) == replayed[bridge.bronze.full_name]
    assert bridge.rows(bridge.silver) == replayed[bridge.silver.full_name]


def test_what_was_discarded_stays_discarded_when_the_batch_comes_again(make_source):
    ferry = make_source("ferry", TOLLS)
    ferry.land(1, ROWS, "rows.json")
    ferry.load(1)
    options = {"reason": "missing:lane"}
    assert discard.run(ferry.spark, ferry.config(1, **options)) == {"rows_discarded": 1}
    ferry.load(1, force="true")
    assert ferry.rows(PII_QUARANTINE, "row_number", "status") == [(2, "open"), (4, "discarded")]
    assert ferry.counts(1) == (4, 2, 2, 0)
