"""What must hold before anybody is sent: the segment is decided and allows it, and consent can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from spark_jobs.publish import audience, driver_candidates, guards
from spark_jobs.publish.audience import Outcome
from spark_jobs.publish.driver_candidates import is_there
from spark_jobs.publish.plan import ConsentFeed, Delivery, Plan

APPROVED = "audience.approve"
OVER = (audience.ENDED, audience.REFUSED)
NO_CONSENTS = (
    "there is no consent table on this machine; a lake elsewhere must be mounted at lake/ in ALLUVIUM_HOME"
)
PURPOSES = "SELECT DISTINCT purpose FROM gold.consents"
OPEN = "SELECT DISTINCT segment, platform FROM published.audience_members WHERE left_at IS NULL"


@dataclass(frozen=True)
class Decided:
    """What the night's run of the segments said of one segment."""

    definition_version: str
    allowed_purposes: frozenset[str] | None
    """None for a retired segment: nobody is in it, and removals need no purpose."""
    holdout: float = 0.0


@dataclass(frozen=True)
class State:
    """What is known before the people stream by. `purposes` have consent records; None without the table."""

    segments: Mapping[str, Decided]
    purposes: frozenset[str] | None
    stale: str | None = None


def look(config: JobConfig, planned: Plan) -> State:
    """Ask the ledgers and the consent table."""
    return State(decided_segments(config), _known_purposes(config), staleness(config, planned.consent_feed))


def decided_segments(config: JobConfig) -> dict[str, Decided]:
    """The segments that were decided for this run date."""
    rows = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, config.settings)
    return {
        row["segment"]: Decided(
            row["definition_version"] or "", _purposes(row["allowed_purposes"]), row.get("holdout") or 0.0
        )
        for row in rows
        if row["run_date"] == config.run_date
    }


def _purposes(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split(","))


def _known_purposes(config: JobConfig) -> frozenset[str] | None:
    if not is_there(config.settings, catalog.GOLD_CONSENTS):
        return None
    rows = driver_candidates.ask(config.settings, PURPOSES).fetchall()
    return frozenset(purpose for (purpose,) in rows)


def staleness(config: JobConfig, feed: ConsentFeed | None) -> str | None:
    """Why the consent choices are too old to act on; None when they are fresh."""
    if feed is None:
        return None
    rows = ledger.rows(catalog.OPS_BATCHES, config.settings)
    arrived = [row["run_date"] for row in rows if row["source"] == feed.source]
    last = max((day for day in arrived if day <= config.run_date), default=None)
    if last is None:
        return f"no consent choices of the source {feed.source} were ever loaded"
    if config.run_date - last > timedelta(days=feed.stale_after_days):
        return f"the last consent choices are of {last}, older than {feed.stale_after_days} days"
    return None


def blocked(delivery: Delivery, planned: Plan, state: State) -> Outcome | None:
    """Why a delivery does nothing at all: consent cannot be decided."""
    if state.purposes is None:
        return Outcome(audience.BLOCKED, NO_CONSENTS)
    if state.stale is not None:
        return Outcome(audience.BLOCKED, state.stale)
    is_over = removals_only(delivery, planned, state)
    if is_over and is_over[0] in OVER:
        return None  # Everybody is taken back, and that needs no consent.
    required = planned.platforms[delivery.platform].required
    unknown = [purpose for purpose in required if purpose not in state.purposes]
    return Outcome(audience.BLOCKED, f"nobody was ever asked about {unknown[0]}") if unknown else None


def removals_only(delivery: Delivery, planned: Plan, state: State) -> tuple[str, str] | None:
    """Status and reason of a delivery that sends nobody and only takes back."""
    if delivery not in planned.deliveries:
        return audience.ENDED, "the delivery is no longer planned"
    segment = state.segments.get(delivery.segment)
    if segment is None:
        return audience.HELD, guards.UNDECIDED
    purpose = planned.platforms[delivery.platform].purpose
    if segment.allowed_purposes is not None and purpose not in segment.allowed_purposes:
        return audience.REFUSED, f"the segment does not allow {purpose}"
    return None


def ended(config: JobConfig, planned: Plan) -> list[Delivery]:
    """Deliveries that are planned no more and still have people with a platform."""
    if not is_there(config.settings, catalog.PUBLISHED_AUDIENCE_MEMBERS):
        return []
    open_ones = driver_candidates.ask(config.settings, OPEN).fetchall()
    known = {(delivery.segment, delivery.platform) for delivery in planned.deliveries}
    return [
        Delivery(segment=segment, platform=platform)
        for segment, platform in sorted(set(open_ones) - known)
        if platform in planned.platforms
    ]


def approval(segment: str, platform: str, run_date: date) -> str:
    """The subject under which `ops.audit` keeps the approval of one delivery of one night."""
    return f"{segment} to {platform} on {run_date}"


def is_approved(config: JobConfig, delivery: Delivery) -> bool:
    """Whether somebody let this night's delivery through although a guard objects."""
    subject = approval(delivery.segment, delivery.platform, config.run_date)
    rows = ledger.rows(catalog.OPS_AUDIT, config.settings)
    return any(row["action"] == APPROVED and row["subject"] == subject for row in rows)


def last_night(config: JobConfig) -> date | None:
    """The newest run date that was delivered."""
    days = ledger.read(catalog.PUBLISHED_AUDIENCE_DELIVERIES, config.settings)["run_date"].to_pylist()
    return max(days, default=None)
