"""Whatever is done to the audit trail shows, and where."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from alluvium import catalog
from alluvium.lake import ledger
from alluvium.privacy import audit, signing

ACTS = 12


def chain(count):
    """A sound trail, made without a lake."""
    before, rows = audit.NOTHING, []
    for number in range(1, count + 1):
        said = dict.fromkeys(audit.SAID, "some text") | {"acted_at": ledger.EPOCH + timedelta(seconds=number)}
        row = said | {"sequence": number, "previous_hash": before}
        row["row_hash"] = before = audit.row_hash(row)
        rows.append(row)
    return rows


@pytest.fixture
def trail(settings):
    """Rows, signed heads and the public key."""
    rows = chain(ACTS)
    head = {"day": "1970-01-01", "sequence": ACTS, "row_hash": rows[-1]["row_hash"]}
    heads = [head | {"signature": signing.sign(settings, head)}]
    return rows, heads, signing.public_key(settings)


def test_an_untouched_trail_is_whole_and_rows_of_an_earlier_release_stay_readable(settings):
    old = {"audit_id": "a", "acted_at": ledger.EPOCH, "actor": "x", "action": "y", "subject": "z"}
    ledger.append(catalog.OPS_AUDIT, [old], settings)
    audit.note(settings, "customer.show", "C1")
    audit.note(settings, "customer.show", "C2")
    assert audit.verify(settings) == []
    assert sorted(row["sequence"] or 0 for row in ledger.rows(catalog.OPS_AUDIT, settings)) == [0, 1, 2]


def test_a_changed_row_of_before_the_chain_shows(settings):
    old = {"audit_id": "a", "acted_at": ledger.EPOCH, "actor": "x", "action": "y", "subject": "z"}
    ledger.append(catalog.OPS_AUDIT, [old], settings)
    audit.note(settings, "customer.show", "C1")
    rows = [
        row | {"actor": "w"} if row["audit_id"] == "a" else row
        for row in ledger.rows(catalog.OPS_AUDIT, settings)
    ]
    found = audit.problems(rows, audit.heads(settings), signing.public_key(settings))
    assert [problem.sequence for problem in found] == [1]


def _mutate(rows, dice):
    """One random change of the trail, and the places where it must show (any of them)."""
    rows = sorted((dict(row) for row in rows), key=lambda row: row["sequence"])
    at = dice.randrange(len(rows))
    kind = dice.choice(["change", "delete", "swap", "truncate", "insert", "rehash"])
    if kind == "change":
        field = dice.choice(["actor", "action", "subject", "reason", "acted_at", "audit_id", "previous_hash"])
        old = rows[at][field]
        rows[at][field] = old + timedelta(microseconds=1) if field == "acted_at" else f"{old}x"
        return rows, {at + 1}
    if kind == "delete":
        del rows[at]
        return rows, {at + 1}
    if kind == "swap":
        other = (at + 1 + dice.randrange(len(rows) - 1)) % len(rows)
        rows[at]["sequence"], rows[other]["sequence"] = rows[other]["sequence"], rows[at]["sequence"]
        return rows, {at + 1, other + 1}
    if kind == "truncate":
        return rows[:at], set(range(at + 1, len(rows) + 1))
    if kind == "insert":
        rows.append(rows[at] | {"audit_id": "new"})
        return rows, {at + 1}
    rows[at]["subject"] += "x"
    rows[at]["row_hash"] = audit.row_hash(rows[at])
    return rows, {at + 1, at + 2}


def _count_missed(trail, count):
    (rows, heads, public), dice, missed = trail, random.Random(7), []
    for _ in range(count):
        changed, places = _mutate(rows, dice)
        found = {problem.sequence for problem in audit.problems(changed, heads, public)}
        if not found & places:
            missed.append((places, found))
    return missed


def test_random_changes_deletions_moves_and_truncations_are_found_with_their_place(trail):
    assert audit.problems(*trail) == []
    assert _count_missed(trail, 100) == []


@pytest.mark.full
def test_a_thousand_random_mutations_are_found(trail):
    assert _count_missed(trail, 1000) == []


def test_who_rewrites_the_whole_chain_is_found_by_the_signed_head(trail):
    sound, heads, public = trail
    rows = [dict(row) for row in sound]
    rows[3]["subject"] = "forged"
    before = rows[3]["previous_hash"]
    for row in rows[3:]:
        row["previous_hash"] = before
        row["row_hash"] = before = audit.row_hash(row)
    assert [problem.sequence for problem in audit.problems(rows, heads, public)] == [ACTS]


def test_a_head_that_our_key_did_not_sign_shows(trail):
    rows, [head], public = trail
    found = audit.problems(rows, [head | {"sequence": 3}], public)
    assert any("not signed" in problem.what for problem in found)


@pytest.mark.full
def test_a_million_acts_are_checked_within_a_minute():
    import time

    rows = chain(1_000_000)
    started = time.process_time()
    assert len(audit.problems(rows, [], "")) == 1  # No head is there.
    assert time.process_time() - started < 60
