"""The chapter on segments: sizes, proposals, and what somebody has to decide."""

from __future__ import annotations

from datetime import date

import pytest

from alluvium import catalog
from alluvium.lake import ledger
from spark_jobs.report.lake import Lake
from spark_jobs.report.sections.segments import _parts, section

NIGHT = date(2017, 11, 2)


def run(segment, **changes):
    made = {
        "segment": segment, "run_date": NIGHT, "status": "decided", "size": 40, "entered": 2, "left": 1,
        "found": 40, "owner": "crm-team",
    }  # fmt: skip
    return made | changes


def delivery(segment, status, reason=None, **counts):
    names = [name for name in catalog.PUBLISHED_AUDIENCE_DELIVERIES.columns if name.startswith("count_")]
    made = {"segment": segment, "platform": "meta", "purpose": "marketing_ads", "run_date": NIGHT}
    return made | dict.fromkeys(names, 0) | {"status": status, "reason": reason} | counts


@pytest.fixture
def lake(settings):
    runs = [
        run("champions", priority_group="offers", priority_place=1),
        run("sleepers", status="held", reason="size 2 is not between 20 and 50"),
    ]
    deliveries = [
        delivery("champions", "delivered", count_members=40, count_exported=30, count_without_consent=10),
        delivery("sleepers", "held", "2 people, fewer than the 20 that may be sent at all"),
        delivery("lookers", "held", "900 people, more than 500"),
        delivery("carters", "blocked", "nobody was ever asked about marketing_ads"),
    ]
    ledger.append(catalog.PUBLISHED_SEGMENT_RUNS, runs, settings)
    ledger.append(catalog.PUBLISHED_AUDIENCE_DELIVERIES, deliveries, settings)
    return Lake(settings, NIGHT)


def grids(lake):
    return {block.heading: block for block in section(lake).blocks if hasattr(block, "rows")}


def test_what_was_held_back_says_why_and_what_to_do(lake):
    rows = {(row[0], row[1]): row[2:] for row in grids(lake)["Held back tonight"].rows}
    assert rows["sleepers", "–"] == [
        "held", "size 2 is not between 20 and 50",
        'alluvium segment approve sleepers --run-date 2017-11-02 --reason "..."',
    ]  # fmt: skip
    assert rows["lookers", "meta"][-1].startswith("alluvium audience approve lookers meta --run-date")
    assert rows["sleepers", "meta"][-1] == "nothing: it goes out when more people are in it"
    assert rows["carters", "meta"][:2] == ["blocked", "nobody was ever asked about marketing_ads"]
    assert ("champions", "meta") not in rows


def test_a_priority_group_and_a_note_have_a_column_where_there_is_one(lake):
    tonight = grids(lake)["Tonight"]
    assert tonight.columns[-2:] == ["priority group", "note to the owner"]
    assert [row[-2] for row in tonight.rows] == ["offers, 1", None]


def test_proposals_are_shown_with_their_evidence(lake):
    assert "Proposed thresholds" not in grids(lake)
    proposal = {
        "segment": "champions", "run_date": NIGHT, "outcome": "redeemed", "target_rate": 0.05, "in_days": 28,
        "by": "churn_probability", "bound_now": 0.4, "customers_now": 90, "rate_now": 0.031,
        "bound_proposed": 0.62, "customers_proposed": 40, "rate_proposed": 0.0612, "rate_low": 0.05,
        "rate_high": 0.075, "verdict": "propose",
    }  # fmt: skip
    ledger.append(catalog.PUBLISHED_SEGMENT_PROPOSALS, [proposal], lake.settings)
    [row] = grids(lake)["Proposed thresholds"].rows
    assert row == [
        "champions", "redeemed at least 5.0% in 28 days", "churn_probability", "0.4 (3.1%)", "0.62 (6.1%)",
        "5.0% to 7.5%", "propose",
    ]  # fmt: skip


def test_members_are_counted_once_into_what_became_of_them(lake):
    [reach] = [b for b in section(lake).blocks if b.heading.startswith("Who goes out")]
    assert "exported" in reach.svg
    assert "no consent" in reach.svg
    assert "suppressed" not in reach.svg


def test_what_a_guard_kept_back_is_a_part_of_its_own():
    held = delivery("sleepers", "held", count_members=28, count_without_consent=14)
    assert _parts(held)["held back"] == 14
    sent = delivery("champions", "delivered", count_members=40, count_exported=30, count_without_consent=10)
    assert _parts(sent)["held back"] == 0
