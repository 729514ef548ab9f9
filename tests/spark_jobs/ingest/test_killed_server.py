"""A Spark server that is killed while it loads is replaced; a rerun leaves what an unkilled one leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from alluvium.settings import Settings
from alluvium.table import Table
from tests.spark_jobs.ingest.conftest import Source
from tests.spark_jobs.ingest.fault_source import PARCELS, child, delivery, held, ledger

pytestmark = pytest.mark.full
# While Spark reads and judges few rows, and while it writes bronze for many.
KILLS = (
    ("alluvium.lake.driver_delta:fetch:during:", False),
    ("alluvium.lake.delta:replace_where:during:bronze", True),
)


class Elsewhere(Source):
    """A source of a lake of its own, whose server the test may kill; read without Spark."""

    @property
    def environment(self) -> dict[str, str]:
        ours = {"SPARK_REMOTE", "SPARK_CONNECT_AUTHENTICATE_TOKEN"}
        rest = {name: value for name, value in os.environ.items() if name not in ours}
        return rest | {"ALLUVIUM_HOME": str(self.settings.home), "ALLUVIUM_SPARK_MEMORY": "1g"}

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        path = str(self.settings.lake / table.schema / table.name)
        own = f"WHERE source = '{self.name}'" if "source" in (table.columns or {}) else ""
        query = f"SELECT {', '.join(columns)} FROM held {own}"
        found = QueryBuilder().register("held", DeltaTable(path)).execute(query)
        rows = pa.RecordBatchReader.from_stream(found).read_all().to_pylist()
        return sorted((tuple(row.values()) for row in rows), key=lambda row: json.dumps(row, default=str))


def load(source: Elsewhere, day: int, **how: Any) -> int:
    done = child(source, day, **how)
    said, _ = done.communicate(timeout=300)
    assert done.returncode == (1 if how else 0), said.decode()[-2000:]
    return done.returncode


def test_a_server_that_is_killed_in_the_middle_of_a_load_costs_a_rerun_and_nothing_else(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path / "home", sources=tmp_path / "sources")
    victim, control = Elsewhere(None, settings, "victim"), Elsewhere(None, settings, "control")
    rng = Random(7)
    for source in (victim, control):
        source.promise(PARCELS)
    for day, (point, many) in enumerate(KILLS, start=1):
        text = delivery(rng)
        for source in (victim, control):
            source.land(day, text)
        load(victim, day, point=point, many=many, server=True)
        load(victim, day)
        load(control, day)
        assert held(victim) == held(control)
        assert ledger(victim, day) == ledger(control, day)
