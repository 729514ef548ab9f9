"""A source of one's own for a test: a contract, files that land, loads, and what the tables then hold."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from alluvium.contracts import contract as contracts
from alluvium.contracts.contract import Contract
from alluvium.job import JobConfig
from alluvium.lake import delta, ledger
from alluvium.settings import Settings
from alluvium.table import Table
from alluvium.tables import ingest as tables
from spark_jobs.ingest import load, replay


@dataclass
class Source:
    """One contract in a folder of its own. The name is the test's, so that tests share no table."""

    spark: SparkSession
    settings: Settings
    name: str
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        """The contract as its file is now."""
        return contracts.load(self.name, "rows", self.settings.sources)

    def promise(self, text: str) -> None:
        """Write the contract."""
        folder = self.settings.sources / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rows.yml").write_text(text)

    def land(self, day: int, text: str | bytes, file: str = "rows.csv") -> Path:
        """Let a file arrive on that day of November 2017."""
        folder = self.settings.landing / self.name / "rows" / f"run_date=2017-11-{day:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to work on the same lake."""
        return dict(os.environ)

    def config(self, day: int, **options: str) -> JobConfig:
        """What the job is told for that day."""
        return JobConfig(date(2017, 11, day), self.settings, {"source": self.name, **options})

    def load(self, day: int, **options: str) -> dict[str, Any]:
        """Load the day; its row of the ledger."""
        load.run(self.spark, self.config(day, **options))
        return self.batch(day)

    def replay(self, day: int) -> dict[str, int]:
        """Drive the day's open rows again."""
        return dict(replay.run(self.spark, self.config(day)))

    def batch(self, day: int) -> dict[str, Any]:
        """The day's row of the ledger; an empty one before the load."""
        rows = ledger.read(tables.OPS_BATCHES, self.settings).to_pylist()
        found = [row for row in rows if (row["source"], row["run_date"]) == (self.name, date(2017, 11, day))]
        assert len(found) <= 1
        return found[0] if found else {}

    def counts(self, day: int) -> tuple[int, int, int, int]:
        """Read, accepted, quarantined, duplicate."""
        row = self.batch(day)
        return row["rows_read"], row["rows_accepted"], row["rows_quarantined"], row["rows_duplicate"]

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns, or all, of the table's rows of this source, in a fixed order."""
        frame = delta.read(self.spark, table)
        frame = frame.where(f"source = '{self.name}'") if "source" in frame.columns else frame
        found = [tuple(row) for row in frame.select(*(columns or ("*",))).collect()]
        return sorted(found, key=lambda row: json.dumps(row, default=str))

    @property
    def bronze(self) -> Table:
        """The accepted rows."""
        return tables.bronze(self.contract)

    @property
    def silver(self) -> Table:
        """The newest of each key."""
        return tables.silver(self.contract)

    @property
    def twin(self) -> Table:
        """The personal values."""
        twin = tables.pii_twin(self.contract)
        assert twin is not None
        return twin

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that the source has in the lake, ledger aside."""
        found = [*tables.tables_of(self.contract), tables.PII_QUARANTINE, tables.PII_RECORD_KEYS]
        return {table.full_name: self.rows(table) for table in found}

    def commits(self) -> dict[str, int]:
        """The version of each of its own tables."""
        return {
            table.full_name: delta.version(self.spark, table) for table in tables.tables_of(self.contract)
        }


@pytest.fixture
def make_source(
    spark: SparkSession, session_settings: Settings, tmp_path: Path
) -> Callable[[str, str], Source]:
    """A source by name and contract."""

    def make(name: str, promise: str) -> Source:
        settings = session_settings.model_copy(update={"sources": tmp_path / "sources"})
        source = Source(spark, settings, name)
        source.promise(promise)
        return source

    return make
