"""A call that says itself that it may not be used is counted and not kept; an order always is."""

from __future__ import annotations

import json

import pytest

from alluvium.tables.ingest import PII_QUARANTINE
from tests.alluvium.privacy.test_tc_string import encoded

CALLS = """
description: Calls of a shop, one row per call.
files: {format: json}
record: device
record_kind: device
max_bad_share: 0.1
columns:
  call:       {type: bigint, required: true, comment: Number}
  event:      {type: string, required: true, comment: What happened}
  device:     {type: string, identifier: anonymous_id, comment: Device}
  consent:    {type: "map<string,boolean>", path: context.consent, comment: Choices}
  tc_consent: {type: "map<string,boolean>", path: context.tc, decode: tc_string, comment: TC string}
key: [call]
suppress_when: >-
  event <> 'Order Completed'
  and (coalesce(consent['analytics'], true) = false or coalesce(tc_consent['analytics'], true) = false)
"""


def call(number, event="Product Viewed", **context):
    return {"call": number, "event": event, "device": f"device-{number}", "context": context}


@pytest.fixture
def loaded(make_source):
    source = make_source("calls", CALLS)
    no = {"analytics": False}
    rows = [
        call(1, consent={"analytics": True}),
        call(2, consent=no),
        call(3, "Order Completed", consent=no),
        call(4, tc=encoded({8, 9})),
        call(5, tc=encoded({1, 2})),
        call(6, tc="cannot be read"),
        call(7),
    ]
    source.land(1, "\n".join(map(json.dumps, rows)) + "\n")
    return source, source.load(1, initial="true")


def test_what_refuses_itself_is_counted_without_payload_and_orders_stay(loaded):
    source, row = loaded
    # More than a tenth is suppressed, and yet nothing is wrong with the batch.
    assert (row["status"], source.counts(1)) == ("loaded", (7, 4, 3, 0))
    assert sorted(n for (n,) in source.rows(source.bronze, "call")) == [1, 3, 4, 7]
    kept = source.rows(PII_QUARANTINE, "status", "raw_payload", "record_key")
    assert kept == [("suppressed", None, None)] * 3
    assert json.loads(row["reasons"]) == {"no_consent": 3}


def test_the_same_batch_again_keeps_nothing_more(loaded):
    source, _ = loaded
    before = source.content()
    source.load(1, initial="true", force="true")
    assert source.content() == before
