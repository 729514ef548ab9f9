"""Segments over the nights, what left the house, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake, NotThereError
from spark_jobs.report.page import Grid, Picture, Section

SIZES = """
select run_date::varchar as night, segment, arg_max(size, run_date) as members
from published.segment_runs
where run_date between cast(? as date) - 30 and ? and as_of is null
group by all order by night, segment
"""

TONIGHT = """
select segment, owner, status, size, entered, "left", reason,
    priority_group || ', ' || priority_place as priority
from published.segment_runs where run_date = ? and as_of is null order by segment
"""

DELIVERIES = """
select segment, platform, purpose, status, reason, count_members, count_exported, count_without_consent,
    count_suppressed, count_held_out, count_capped, count_rejected, count_added, count_removed
from published.audience_deliveries where run_date = ? order by segment, platform
"""

PROPOSALS = """
select segment, outcome, target_rate, in_days, "by", bound_now, rate_now, bound_proposed, rate_proposed,
    rate_low, rate_high, verdict
from published.segment_proposals where run_date = ? order by segment
"""

# Why a member of a segment is in no file, in the order in which it is asked.
PARTS = {
    "exported": charts.TEAL,
    "no consent": charts.GREY,
    "suppressed": charts.RED,
    "held out": charts.VIOLET,
    "capped": charts.AMBER,
    "rejected": "#8a5a44",
    "held back": charts.BLUE,
}
COUNTS = {
    "exported": "count_exported",
    "no consent": "count_without_consent",
    "suppressed": "count_suppressed",
    "held out": "count_held_out",
    "capped": "count_capped",
    "rejected": "count_rejected",
}
# So end the reasons that nobody can approve, as `spark_jobs.publish.guards` says them.
FINAL = ("that may be sent at all", "nobody is left to send")
Rows = Sequence[dict[str, Any]]


def section(lake: Lake) -> Section:
    """Sizes over the nights, tonight's movement, who may be reached, and what somebody has to decide."""
    tonight = lake.rows(TONIGHT, lake.run_date)
    deliveries = lake.rows(DELIVERIES, lake.run_date)
    blocks: list[Picture | Grid] = [
        _sizes(lake.rows(SIZES, lake.run_date, lake.run_date)),
        _tonight(tonight),
        *_waiting(lake, tonight, deliveries),
        *_reach(deliveries),
        *_files(deliveries),
        *_proposals(lake),
    ]
    return Section(
        "Segments and audiences", "Who is in, who came and went, and which files were made.", blocks
    )


def _sizes(rows: Rows) -> Picture:
    drawn = charts.lines(rows, "night", "members", "segment", x_title="night", y_title="members")
    return Picture("Members over the nights", drawn)


def _tonight(rows: Rows) -> Grid:
    """Columns that say nothing tonight are left out."""
    names = ["segment", "owner", "status", "members", "entered", "left"]
    optional = {"priority group": "priority", "note to the owner": "reason"}
    shown = {title: name for title, name in optional.items() if any(row[name] for row in rows)}
    values = ("segment", "owner", "status", "size", "entered", "left", *shown.values())
    return Grid("Tonight", [*names, *shown], [[row[name] for name in values] for row in rows])


def _waiting(lake: Lake, segments: Rows, deliveries: Rows) -> list[Grid]:
    """What a guard, a rule or a missing table held back, and what to do about it."""
    rows = [
        [row["segment"], "–", row["status"], row["reason"], _of_segment(row, lake)]
        for row in segments
        if row["status"] == "held"
    ]
    rows += [
        [row["segment"], row["platform"], row["status"], row["reason"], _of_audience(row, lake)]
        for row in deliveries
        if row["status"] not in ("delivered", "ended")
    ]
    if not rows:
        return []
    note = "What was published before stays; whoever must go was taken back all the same, unless blocked."
    return [Grid("Held back tonight", ["segment", "platform", "status", "why", "what to do"], rows, note)]


def _of_segment(row: dict[str, Any], lake: Lake) -> str:
    return f'alluvium segment approve {row["segment"]} --run-date {lake.run_date} --reason "..."'


def _of_audience(row: dict[str, Any], lake: Lake) -> str:
    reason = row["reason"] or ""
    if reason.endswith(FINAL):
        return "nothing: it goes out when more people are in it"
    if "not decided" in reason:
        return f"alluvium night --run-date {lake.run_date} --only-dags publish_nightly"
    if row["status"] == "held":
        where = f"{row['segment']} {row['platform']} --run-date {lake.run_date}"
        return f'alluvium audience approve {where} --reason "..."'
    if row["status"] == "refused":
        return f"allow {row['purpose']} in the segment, or take the delivery out of the plan"
    return "see why, then repeat the night"


def _parts(delivery: dict[str, Any]) -> dict[str, int]:
    """How many members became what; of a delivery that did not run, the rest was held back."""
    found = {part: delivery[count] or 0 for part, count in COUNTS.items()}
    return {**found, "held back": (delivery["count_members"] or 0) - sum(found.values())}


def _reach(deliveries: Rows) -> list[Picture]:
    rows = [
        {
            "delivery": f"{row['segment']} → {row['platform']}",
            "part": part,
            "members": members,
            "part_order": place,
        }
        for row in deliveries
        for place, (part, members) in enumerate(_parts(row).items())
        if members > 0
    ]
    if not rows:
        return []
    used = {row["part"] for row in rows}
    parts = {part: colour for part, colour in PARTS.items() if part in used}
    drawn = charts.stacked(rows, "delivery", "members", "part", title="share of the members", parts=parts)
    note = "Only customers who agreed to the purpose as of the run date are in a file; no record means no."
    return [Picture("Who goes out, and why the others do not", drawn, note)]


def _files(deliveries: Rows) -> list[Grid]:
    names = ["segment", "platform", "purpose", "status", "members", *COUNTS, "added", "removed"]
    values = (
        "segment", "platform", "purpose", "status", "count_members", *COUNTS.values(), "count_added",
        "count_removed",
    )  # fmt: skip
    return [Grid("Audience files", names, [[row[name] for name in values] for row in deliveries])]


def _proposals(lake: Lake) -> list[Grid]:
    """Bounds that would bring segments to their target rate; before the first target there is no table."""
    try:
        rows = lake.rows(PROPOSALS, lake.run_date)
    except NotThereError:
        return []
    if not rows:
        return []
    shown = [
        [
            row["segment"],
            f"{row['outcome']} at least {row['target_rate']:.1%} in {row['in_days']} days",
            row["by"],
            _bound(row["bound_now"], row["rate_now"]),
            _bound(row["bound_proposed"], row["rate_proposed"]),
            "–" if row["rate_low"] is None else f"{row['rate_low']:.1%} to {row['rate_high']:.1%}",
            row["verdict"],
        ]
        for row in rows
    ]
    names = ["segment", "target", "by", "now", "proposed", "95 % interval", "verdict"]
    note = "Measured on customers of an earlier night whose days are over. Nothing is applied by itself."
    return [Grid("Proposed thresholds", names, shown, note)]


def _bound(bound: float | None, rate: float | None) -> str:
    if bound is None:
        return "–"
    return f"{bound:g}" if rate is None else f"{bound:g} ({rate:.1%})"
