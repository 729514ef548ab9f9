"""Draft the audience files of a night: they go out with `publish.deliver`, when the gate has agreed.

Reads   published.segment_members and segment_runs, gold.consents, pii.customers, identity.redirects,
        silver.email_events, ops.suppressions, ops.batches, ops.audit, published.audience_members and
        gold.customer_events (contacts of the last days), as of the run date
Writes  exports/.draft/<run_date>/, published.audience_drafts (replaced), ops.suppressions (who bounced),
        pii.contact_vault and support.customers (whose details changed)
Rerun   the same drafts; the night before and what was delivered are not touched

Consent fails closed: without the consent table, with a stale consent feed, or for a purpose that nobody was
ever asked about, nobody goes out and nobody is taken back, and the ledger says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alluvium import catalog
from alluvium.lake import delta, stays
from alluvium.privacy.keys import ensure_key, load_secret
from spark_jobs.publish import (
    audience,
    contacts,
    drafts,
    driver_candidates,
    files,
    many_people,
    moves,
    plan,
    preconditions,
    spark_people,
    suppression,
)
from spark_jobs.publish.audience import Audience, Outcome, Rules
from spark_jobs.publish.judging import Criteria, Judged
from spark_jobs.publish.plan import Delivery, Plan
from spark_jobs.publish.preconditions import Decided

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig

SPARK_ON_DEMAND = True  # Up to `driver_candidates.MOST_CUSTOMERS` nothing here needs it.


def place(delivery: Delivery) -> str:
    """The delivery's folder within the night's folder, in `exports/` and in the bucket."""
    folder = f"{delivery.folder}/" if delivery.folder else ""
    return f"{folder}{delivery.platform}/{delivery.segment}"


class Night:
    """Carries each delivery of one night from its people to its draft."""

    def __init__(self, config: JobConfig, planned: Plan, name: str = drafts.DRAFT) -> None:
        self.config, self.planned = config, planned
        self.folder = drafts.start(config.settings, config.run_date, name)
        self.secret = load_secret(ensure_key(config.settings))
        self.contacts = contacts.load(config, planned.contact_caps)
        self.outcomes: list[tuple[Delivery, Outcome]] = []
        self._moves: list[tuple[Path, bool]] = []

    def send(self, delivery: Delivery, people: Iterator[Judged], rules: Rules) -> None:
        """Write the files of a delivery that runs."""
        draft = drafts.of_delivery(self.folder, place(delivery))
        noted = drafts.moves_file(self.folder, delivery.segment, delivery.platform)
        writer = Audience(draft, noted, rules)
        for judged in people:
            writer.take(judged)
        outcome = writer.finish()
        self._moves.append((noted, outcome.status == audience.DELIVERED))
        self._finish(delivery, outcome, draft, rules.definition_version)

    def leave_out(self, delivery: Delivery, outcome: Outcome, version: str) -> None:
        """Write only the manifest of a delivery that does not run: it says why."""
        self._finish(delivery, outcome, drafts.of_delivery(self.folder, place(delivery)), version)

    def _finish(self, delivery: Delivery, outcome: Outcome, draft: Path, version: str) -> None:
        facts = {
            "segment": delivery.segment,
            "platform": delivery.platform,
            "purpose": self.planned.platforms[delivery.platform].purpose,
            "run_date": self.config.run_date.isoformat(),
            "definition_version": version,
            "mode": delivery.mode,
            "status": outcome.status,
            "reason": outcome.reason,
            "counts": outcome.counts,
            "expected_match_rate": outcome.match_rate,
        }
        files.write_manifest(draft, facts)
        self.outcomes.append((delivery, outcome))

    def moved(self) -> pa.RecordBatchReader:
        """Everybody who enters, stays or leaves tonight, once per delivery."""
        batches = (batch for path, has_entered in self._moves for batch in moves.read(path, has_entered))
        return pa.RecordBatchReader.from_batches(moves.SCHEMA, batches)


def _rules(
    night: Night, delivery: Delivery, decided: Decided, removals_only: tuple[str, str] | None
) -> Rules:
    return Rules(
        segment=delivery.segment,
        platform_name=delivery.platform,
        platform=night.planned.platform_of(delivery),
        minimum_size=night.planned.minimum_of(delivery),
        guards=night.planned.guards_of(delivery),
        is_approved=preconditions.is_approved(night.config, delivery),
        mode=delivery.mode,
        definition_version=decided.definition_version,
        run_date=night.config.run_date,
        secret=night.secret,
        unsubscribe_url=night.planned.unsubscribe_url,
        removals_only=removals_only,
        contacts=night.contacts,
    )


def _people(
    spark: SparkSession, night: Night, running: Mapping[tuple[str, str], Rules]
) -> Iterator[pa.RecordBatch]:
    """Everybody whom a delivery concerns, by DuckDB when they are few enough, else by Spark."""
    asked = [
        (segment, platform, rules.platform.required, _is_over(rules))
        for (segment, platform), rules in running.items()
    ]
    if driver_candidates.serves(night.config.settings):
        return driver_candidates.people(night.config, asked)
    return spark_people.people(spark, night.config, asked)


def _is_over(rules: Rules) -> bool:
    return rules.removals_only is not None and rules.removals_only[0] in preconditions.OVER


def _send_all(
    spark: SparkSession,
    night: Night,
    running: Mapping[tuple[str, str], tuple[Delivery, Rules]],
    segments: Mapping[str, Decided],
) -> None:
    """Stream everybody once; a delivery that concerns nobody gets its manifest too."""
    rules = {key: rule for key, (_, rule) in running.items()}
    criteria = Criteria(
        platforms={key: rule.platform for key, rule in rules.items()},
        holdouts={name: decided.holdout for name, decided in segments.items()},
        suppressed=suppression.load(night.config, night.secret),
    )
    waiting = dict(running)
    stream = many_people.judged(_people(spark, night, rules), criteria)
    for key, people in groupby(stream, key=lambda judged: (judged.segment, judged.platform)):
        night.send(waiting.pop(key)[0], people, rules[key])
    for delivery, rule in waiting.values():
        night.send(delivery, iter(()), rule)


def draft(spark: SparkSession, config: JobConfig, name: str = drafts.DRAFT) -> Night:
    """Plan and stream everybody into the drafts of the night."""
    stays.refuse_backwards(config.run_date, preconditions.last_night(config), "Audiences")
    planned = plan.load(Path(config.options.get("plan", plan.FOLDER)))
    state = preconditions.look(config, planned)
    night, running = Night(config, planned, name), {}
    for delivery in (*planned.deliveries, *preconditions.ended(config, planned)):
        decided = state.segments.get(delivery.segment, Decided("", None))
        blocked = preconditions.blocked(delivery, planned, state)
        if blocked is not None:
            night.leave_out(delivery, blocked, decided.definition_version)
            continue
        removals_only = preconditions.removals_only(delivery, planned, state)
        rules = _rules(night, delivery, decided, removals_only)
        running[delivery.segment, delivery.platform] = (delivery, rules)
    if running:
        _send_all(spark, night, running, state.segments)
    return night


def rehearse(spark: SparkSession, config: JobConfig) -> list[tuple[Delivery, Outcome]]:
    """What each delivery of the night would be; nothing is kept, and no list or table is touched."""
    try:
        return draft(spark, config, drafts.REHEARSAL).outcomes
    finally:
        drafts.remove(config.settings, config.run_date, drafts.REHEARSAL)


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Plan, stream, draft; returns what would go out, in deliveries and customers."""
    suppression.learn(spark, config)
    night = draft(spark, config)
    delta.replace_all(spark, night.moved(), catalog.PUBLISHED_AUDIENCE_DRAFTS, config.settings.lake)
    drafts.complete(night.folder)
    return summary([outcome for _, outcome in night.outcomes])


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Counts for the ledger of runs."""
    names = ("exported", "added", "removed", "rejected", "held_out")
    counts = {name: sum(outcome.counts[name] for outcome in outcomes) for name in names}
    delivered = sum(outcome.status == audience.DELIVERED for outcome in outcomes)
    return {"deliveries": len(outcomes), "to_deliver": delivered, **counts}
