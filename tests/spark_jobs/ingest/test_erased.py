"""Somebody who was erased does not come back with old rows, and starts anew with later ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alluvium.privacy import erasures, keys
from alluvium.tables.ingest import PII_QUARANTINE, PII_RECORD_KEYS

PASSES = """
description: Passes shown at a gate, one row per pass and time.
files: {format: csv}
record: card
max_bad_share: 0.5
columns:
  entry:   {type: bigint, required: true, comment: Number}
  card:    {type: string, identifier: loyalty_card, comment: Card at the gate}
  driver:  {type: string, pii: name, comment: Who drove}
  amount:  {type: "decimal(12,2)", comment: Paid}
  seen_at: {type: timestamp, time_zone: UTC, required: true, comment: When}
key: [entry]
newest: [seen_at]
event_time: seen_at
keep_when_erased: amount is not null
"""
ROWS = (
    "entry,card,driver,amount,seen_at\n"
    "1,901,Ann Bell,,2017-11-01T08:00:00Z\n"
    "2,901,Ann Bell,2.50,2017-11-01T08:00:00Z\n"
    "3,901,Ann Bell,,2017-11-01T20:00:00Z\n"
    "4,902,Joe Hill,,2017-11-01T08:00:00Z\n"
)
NOON = datetime(2017, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def gate(make_source):
    source = make_source("passes", PASSES)
    secret = keys.load_secret(keys.ensure_key(source.settings))
    old = keys.record_key("passes", "901", secret)
    erasures.note(source.settings, secret, [old], NOON, "request")
    yield source, old
    erasures.note(source.settings, secret, [], NOON, "request")


def test_old_rows_are_counted_only_money_stays_and_later_rows_are_of_a_new_person(gate):
    source, old = gate
    source.land(1, ROWS)
    source.load(1, initial="true")
    assert source.counts(1) == (4, 3, 1, 0)
    held = {row[0]: row[1] for row in source.rows(source.bronze, "entry", "record_key")}
    assert held[2] is None
    assert held[3] not in {None, old}
    assert held[4] == keys.record_key("passes", "902", keys.load_secret(keys.key_file(source.settings)))
    assert source.rows(PII_QUARANTINE, "status", "raw_payload", "record_key") == [("suppressed", None, None)]
    assert {row[0] for row in source.rows(PII_RECORD_KEYS, "record_key")} == {held[3], held[4]}
    assert [row for row in source.rows(source.twin, "_row_hash", "driver", "card") if row[1] is None] != []


def test_a_second_load_and_a_replay_bring_nobody_back(gate):
    source, _ = gate
    source.land(1, ROWS)
    source.load(1, initial="true")
    before = source.content()
    source.load(1, initial="true", force="true")
    source.replay(1)
    assert source.content() == before


def test_rows_of_erased_people_do_not_make_a_batch_a_bad_one(gate):
    source, _ = gate
    old = "".join(f"{n},901,Ann Bell,,2017-11-01T08:00:00Z\n" for n in range(10, 14))
    source.land(2, ROWS + old)
    row = source.load(2, initial="true")
    assert (row["status"], source.counts(2)) == ("loaded", (8, 3, 5, 0))
