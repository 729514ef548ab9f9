"""Write the audience files of a night, and bring them where they belong.

Reads   published.segment_members and segment_runs, gold.consents, pii.customers, identity.redirects,
        ops.suppressions, as of the run date
Writes  exports/<run_date>/<platform>/<segment>/, the bucket if one is set, published.audience_members (the
        stays that begin or end tonight), published.audience_deliveries (the night replaced)
Rerun   the same bytes and rows; what is delivered already is not sent again

Consent fails closed: without the consent table, or for a purpose that nobody was ever asked about, nobody
goes out and nobody is taken back, and the ledger says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F

from alluvium import catalog, delta, ledger, stays
from alluvium.keys import ensure_key, load_secret
from spark_jobs.publish import audience, candidates, files, plan, suppression
from spark_jobs.publish.audience import Audience, Outcome, Rules
from spark_jobs.publish.bucket import Bucket
from spark_jobs.publish.plan import Delivery, Plan
from spark_jobs.publish.tokens import delivery_key

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from alluvium.job import JobConfig

KEY = ("segment", "platform", "customer_id")
INSTANTS = ("entered_at", "written_left_at")  # Microseconds since 1970-01-01 UTC.
MOVES = pa.schema(
    [(name, pa.string()) for name in (*KEY, "purpose", "definition_version", "move")]
    + [(name, pa.int64()) for name in INSTANTS]
)
_DDL = {pa.string(): "string", pa.int64(): "bigint"}


@dataclass(frozen=True)
class Decided:
    """What the night's run of the segments said of one segment."""

    definition_version: str
    allowed_purposes: frozenset[str] | None
    """None for a retired segment: nobody is in it, and removals need no purpose."""


def decided_segments(config: JobConfig) -> dict[str, Decided]:
    """The segments that were decided for this run date."""
    rows = ledger.read(catalog.PUBLISHED_SEGMENT_RUNS, config.settings).to_pylist()
    return {
        row["segment"]: Decided(row["definition_version"] or "", _purposes(row["allowed_purposes"]))
        for row in rows
        if row["run_date"] == config.run_date
    }


def _purposes(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split(","))


def objection(
    delivery: Delivery, planned: Plan, segments: Mapping[str, Decided], purposes: frozenset[str] | None
) -> Outcome | None:
    """Why a delivery does not run. `purposes` are those with consent records; None without the table."""
    platform = planned.platforms[delivery.platform]
    segment = segments.get(delivery.segment)
    if segment is None:
        return Outcome(audience.REFUSED, "the segment was not decided for this run date")
    if segment.allowed_purposes is not None and platform.purpose not in segment.allowed_purposes:
        return Outcome(audience.REFUSED, f"the segment does not allow {platform.purpose}")
    if purposes is None:
        return Outcome(audience.BLOCKED, "there is no consent table")
    unknown = [purpose for purpose in platform.required if purpose not in purposes]
    return Outcome(audience.BLOCKED, f"nobody was ever asked about {unknown[0]}") if unknown else None


def _known_purposes(spark: SparkSession) -> frozenset[str] | None:
    if not delta.exists(spark, catalog.GOLD_CONSENTS):
        return None
    rows = delta.read(spark, catalog.GOLD_CONSENTS).select("purpose").distinct().collect()
    return frozenset(row["purpose"] for row in rows)


def _people(spark: SparkSession, config: JobConfig, planned: Plan, running: list[Delivery]) -> DataFrame:
    """Everybody whom a delivery of tonight concerns, in the order of the files."""
    rows = [(d.segment, d.platform, planned.platforms[d.platform].required) for d in running]
    deliveries = spark.createDataFrame(rows, "segment string, platform string, required array<string>")
    at = stays.night_at(config.run_date)
    delta.create(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    members = delta.read(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    former = delta.read(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    people = candidates.with_former(candidates.wanted(members, deliveries, at), former, deliveries, at)
    has_redirects = delta.exists(spark, catalog.IDENTITY_REDIRECTS)
    redirects = delta.read(spark, catalog.IDENTITY_REDIRECTS) if has_redirects else None
    consents = delta.read(spark, catalog.GOLD_CONSENTS)
    consent = candidates.consent_as_of(consents, config.run_date, config.run_date_end)
    profiles = candidates.profiles(delta.read(spark, catalog.PII_CUSTOMERS), consent)
    return candidates.with_profile(candidates.with_successor(people, redirects), profiles)


def _by_delivery(people: Iterator[Any]) -> Iterator[tuple[tuple[str, str], Iterator[Any]]]:
    return groupby(people, key=lambda person: (person["segment"], person["platform"]))


class Night:
    """Carries each delivery of one night from its people to its place and its ledger row."""

    def __init__(self, config: JobConfig, planned: Plan) -> None:
        self.config, self.planned = config, planned
        self.secret = load_secret(ensure_key(config.settings))
        self.bucket = Bucket(config.settings) if config.settings.exports_s3_bucket else None
        self.moves: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.written = 0

    def place(self, delivery: Delivery) -> str:
        """The delivery's folder within `exports/` and within the bucket."""
        return f"{self.config.run_date}/{delivery.platform}/{delivery.segment}"

    def send(self, delivery: Delivery, people: Iterator[Any], rules: Rules) -> None:
        """Write the files of a delivery that runs."""
        draft = files.start_draft(self._local(delivery))
        writer = Audience(draft, rules)
        for person in people:
            writer.take(person)
        self._hand_over(delivery, writer.finish(), draft, rules.definition_version)

    def leave_out(self, delivery: Delivery, outcome: Outcome, version: str) -> None:
        """Write only the manifest of a delivery that does not run: it says why."""
        self._hand_over(delivery, outcome, files.start_draft(self._local(delivery)), version)

    def _local(self, delivery: Delivery) -> Path:
        return self.config.settings.exports / self.place(delivery)

    def _facts(self, delivery: Delivery, outcome: Outcome, version: str) -> dict[str, Any]:
        return {
            "segment": delivery.segment,
            "platform": delivery.platform,
            "purpose": self.planned.platforms[delivery.platform].purpose,
            "run_date": self.config.run_date.isoformat(),
            "definition_version": version,
            "status": outcome.status,
            "reason": outcome.reason,
            "counts": outcome.counts,
        }

    def _hand_over(self, delivery: Delivery, outcome: Outcome, draft: Path, version: str) -> None:
        facts = self._facts(delivery, outcome, version)
        manifest = files.write_manifest(draft, facts)
        self.written += files.put_in_place(draft, self._local(delivery))
        place = self.place(delivery)
        receipt = self.bucket.deliver(self._local(delivery), place) if self.bucket else None
        destination = self.bucket.address(place) if self.bucket else f"exports/{place}"
        self.moves += outcome.moves
        counts = {f"count_{name}": number for name, number in outcome.counts.items()}
        self.rows.append(
            {
                **{name: value for name, value in facts.items() if name not in ("counts", "run_date")},
                **counts,
                "run_date": self.config.run_date,
                "delivery_key": delivery_key(self.secret, destination, manifest),
                "destination": destination,
                "receipt": receipt,
            }
        )


def _as_rows(spark: SparkSession, moves: list[dict[str, Any]]) -> DataFrame:
    if moves:
        rows = spark.createDataFrame(pa.Table.from_pylist(moves, schema=MOVES))
    else:  # Spark takes no schema from an empty Arrow table.
        rows = spark.createDataFrame([], ", ".join(f"{f.name} {_DDL[f.type]}" for f in MOVES))
    return rows.withColumns({name: F.timestamp_micros(name) for name in INSTANTS})


def _last_night(config: JobConfig) -> date | None:
    days = ledger.read(catalog.PUBLISHED_AUDIENCE_DELIVERIES, config.settings)["run_date"].to_pylist()
    return max(days, default=None)


def _send_all(
    spark: SparkSession, night: Night, running: list[Delivery], segments: Mapping[str, Decided]
) -> None:
    """Stream everybody once; a delivery that concerns nobody gets its manifest too."""
    suppressed = suppression.load(spark, night.secret)
    waiting = {(delivery.segment, delivery.platform): delivery for delivery in running}

    def rules(delivery: Delivery) -> Rules:
        return Rules(
            segment=delivery.segment,
            platform_name=delivery.platform,
            platform=night.planned.platforms[delivery.platform],
            minimum_size=night.planned.minimum_of(delivery),
            definition_version=segments[delivery.segment].definition_version,
            night=stays.night_at(night.config.run_date),
            suppressed=suppressed,
            secret=night.secret,
            unsubscribe_url=night.planned.unsubscribe_url,
        )

    stream = _people(spark, night.config, night.planned, running).toLocalIterator()
    for key, people in _by_delivery(stream):
        delivery = waiting.pop(key)
        night.send(delivery, people, rules(delivery))
    for delivery in waiting.values():
        night.send(delivery, iter(()), rules(delivery))


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Plan, stream, hand over, remember; returns what was done, in deliveries and customers."""
    stays.refuse_backwards(config.run_date, _last_night(config), "Audiences")
    planned = plan.load(Path(config.options.get("plan", plan.FOLDER)))
    segments, purposes = decided_segments(config), _known_purposes(spark)
    night, running = Night(config, planned), []
    for delivery in planned.deliveries:
        outcome = objection(delivery, planned, segments, purposes)
        if outcome is None:
            running.append(delivery)
        else:
            decided = segments.get(delivery.segment)
            night.leave_out(delivery, outcome, decided.definition_version if decided else "")
    if running:
        _send_all(spark, night, running, segments)
        stays.write(_as_rows(spark, night.moves), catalog.PUBLISHED_AUDIENCE_MEMBERS, KEY, config.run_date)
    rows = sorted(night.rows, key=lambda row: (row["segment"], row["platform"]))
    ledger.replace(
        catalog.PUBLISHED_AUDIENCE_DELIVERIES, rows, f"run_date = '{config.run_date}'", config.settings
    )
    return summary(night)


def summary(night: Night) -> dict[str, int]:
    """Counts for the ledger of runs."""
    counts = {
        name: sum(row[f"count_{name}"] for row in night.rows)
        for name in ("exported", "added", "removed", "rejected")
    }
    delivered = sum(row["status"] == audience.DELIVERED for row in night.rows)
    return {"deliveries": len(night.rows), "delivered": delivered, "folders_written": night.written, **counts}
