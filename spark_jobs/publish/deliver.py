"""Bring the drafts of a night where they belong, once the gate behind them has agreed.

Reads   exports/.draft/<run_date>/, exports/.recommendations/<run_date>/, published.audience_drafts
Writes  exports/<run_date>/<platform>/<segment>/ and exports/<run_date>/recommendations/,
        the same in the bucket or on the SFTP server if one is set,
        published.audience_members (the stays that begin or end tonight),
        published.audience_holdouts (who is kept out from tonight on),
        published.audience_deliveries (the night replaced)
Rerun   the same bytes and rows; what is delivered already is not sent again. After a kill it goes on.

Each folder appears whole: it is renamed into place, and elsewhere the manifest is written last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.lake import delta, driver_delta, driver_stays, ledger, stays
from alluvium.privacy.keys import ensure_key, load_secret
from spark_jobs.publish import audience, drafts, files, kept_out, recommendation_files
from spark_jobs.publish.bucket import Bucket
from spark_jobs.publish.driver_candidates import ask, is_there
from spark_jobs.publish.files import MANIFEST
from spark_jobs.publish.sftp import Sftp
from spark_jobs.publish.tokens import delivery_key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig
    from alluvium.settings import Settings

SPARK_ON_DEMAND = True  # For more than `driver_delta.MOST_ROWS` people who come and go.

KEY = ("segment", "platform", "customer_id")
CHANGES = """
SELECT * FROM published.audience_drafts
WHERE run_date = $day AND (move IN ('entered', 'left') OR written_left_at IS NOT NULL)
"""


def _drafted(config: JobConfig) -> list[str]:
    """The places of the night's deliveries; raises AlluviumError when nobody drafted it."""
    night = drafts.folder(config.settings, config.run_date)
    waiting = {place for place, _ in drafts.finished(night)}
    moved = {place for place, _ in drafts.finished(config.settings.exports / str(config.run_date))}
    if not (drafts.is_complete(night) if night.is_dir() else moved):
        raise AlluviumError(
            f"There are no complete drafts for {config.run_date}",
            where=str(night),
            do=f"Run `alluvium job publish.audiences --run-date {config.run_date}` first",
        )
    return sorted((waiting | moved) - {recommendation_files.FOLDER})


def _remember(spark: SparkSession, config: JobConfig) -> None:
    """The stays that begin or end tonight, without Spark when they are few."""
    table, settings = catalog.PUBLISHED_AUDIENCE_MEMBERS, config.settings
    if not is_there(settings, table):
        delta.create(spark, table)
    path = settings.lake / table.schema / table.name
    changes = _changes(config) if is_there(settings, table) else None
    if changes is not None:
        driver_stays.write(changes, table, path, KEY, config.run_date)
        return
    rows = delta.read(spark, catalog.PUBLISHED_AUDIENCE_DRAFTS).where(F.col("run_date") == config.run_date)
    stays.write(rows.drop("run_date"), table, KEY, config.run_date)


def _changes(config: JobConfig) -> pa.Table | None:
    query = CHANGES.replace("$day", f"DATE '{config.run_date}'")
    rows = ask(config.settings, f"{query} LIMIT {driver_delta.MOST_ROWS + 1}").to_arrow_table()
    return rows.drop_columns(["run_date"]) if rows.num_rows <= driver_delta.MOST_ROWS else None


def _remote(settings: Settings) -> Bucket | Sftp | None:
    if settings.exports_s3_bucket:
        return Bucket(settings)
    return Sftp(settings) if settings.exports_sftp_host else None


class Places:
    """Where the folders of a night go: `exports/` and, when one is set, a bucket or an SFTP server."""

    def __init__(self, config: JobConfig) -> None:
        self.config = config
        self.secret = load_secret(ensure_key(config.settings))
        self.remote = _remote(config.settings)
        self.written = 0

    def deliver(self, place: str) -> dict[str, Any]:
        """Rename, copy; returns the delivery's row of the ledger."""
        draft = drafts.folder(self.config.settings, self.config.run_date) / place
        folder = f"{self.config.run_date}/{place}"
        final = self.config.settings.exports / folder
        if draft.is_dir():
            self.written += files.put_in_place(draft, final)
        receipt = self.remote.deliver(final, folder) if self.remote else None
        destination = self.remote.address(folder) if self.remote else f"exports/{folder}"
        return self._row(final, destination, receipt)

    def deliver_recommendations(self) -> None:
        """The lists of the night, when it made files of them."""
        final = recommendation_files.deliver(self.config.settings.exports, self.config.run_date)
        if final and self.remote:
            self.remote.deliver(final, f"{self.config.run_date}/{final.name}")

    def _row(self, final: Path, destination: str, receipt: str | None) -> dict[str, Any]:
        content = (final / MANIFEST).read_bytes()
        facts = json.loads(content)
        counts = {f"count_{name}": number for name, number in facts["counts"].items()}
        told = ("segment", "platform", "purpose", "definition_version", "status", "reason")
        return {
            **{name: facts[name] for name in told},
            **counts,
            "match_rate": facts["expected_match_rate"],
            "run_date": self.config.run_date,
            "delivery_key": delivery_key(self.secret, destination, content),
            "destination": destination,
            "receipt": receipt,
        }


def _of_this_night(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["segment"], row["platform"]))


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Remember who is where, move, copy, note; returns what was done, in deliveries and customers."""
    drafted, places = _drafted(config), Places(config)
    places.deliver_recommendations()
    if drafts.folder(config.settings, config.run_date).is_dir():
        _remember(spark, config)
        kept_out.remember(spark, config)
    rows = _of_this_night(places.deliver(place) for place in drafted)
    ledger.replace(
        catalog.PUBLISHED_AUDIENCE_DELIVERIES, rows, f"run_date = '{config.run_date}'", config.settings
    )
    drafts.remove(config.settings, config.run_date)
    return summary(rows, places.written)


def summary(rows: list[dict[str, Any]], written: int) -> dict[str, int]:
    """Counts for the ledger of runs."""
    counts = {
        name: sum(row[f"count_{name}"] for row in rows)
        for name in ("exported", "added", "removed", "rejected")
    }
    delivered = sum(row["status"] == audience.DELIVERED for row in rows)
    return {"deliveries": len(rows), "delivered": delivered, "folders_written": written, **counts}
