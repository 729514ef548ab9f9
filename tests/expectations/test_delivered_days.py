"""Days are counted once: a night counts its own delivery, and one that came again or is judged otherwise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from alluvium.contracts import contract as contracts
from alluvium.lake import lake_sql, ledger
from alluvium.settings import Settings
from alluvium.tables.ingest import OPS_BATCHES
from expectations import delivered_days

CALLS = """
description: Calls, one row per call.
files: {format: csv}
columns:
  call:  {type: int, required: true}
  topic: {type: string, allowed: [order, return]}
  at:    {type: timestamp, time_zone: UTC}
key: [call]
event_time: at
"""
FIRST, LAST = date(2017, 5, 1), date(2017, 11, 2)


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    """Two deliveries: one of a day and the evening before, one in which no row has a time."""
    settings = Settings(home=tmp_path / "home", sources=tmp_path / "sources")
    (settings.sources / "desk").mkdir(parents=True)
    (settings.sources / "desk" / "calls.yml").write_text(CALLS)
    rows = {
        "call": [1, 2, 3, 4],
        "topic": ["order", None, "return", None],
        # Three in the morning, UTC, is the day before in New York.
        "at": [datetime(2017, 11, 1, 3, tzinfo=UTC), *[datetime(2017, 11, 1, 12, tzinfo=UTC)] * 2, None],
        "_run_date": pa.array([date(2017, 11, 1)] * 3 + [LAST], pa.date32()),
    }
    write_deltalake(str(settings.lake / "bronze" / "desk_calls"), pa.table(rows), partition_by=["_run_date"])
    note(settings, date(2017, 11, 1), "f1", 3)
    note(settings, LAST, "f2", 1)
    return settings


def note(settings: Settings, run_date: date, fingerprint: str, rows: int) -> None:
    batch = {"source": "desk", "entity": "calls", "run_date": run_date, "fingerprint": fingerprint}
    ledger.replace(OPS_BATCHES, [{**batch, "rows_accepted": rows}], f"run_date = DATE '{run_date}'", settings)


def counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[dict, list[str]]:
    """Rows and figures by run date and day, and the run dates that were counted now."""
    asked: list[str] = []
    answer = lake_sql.answer

    def listening(opened, view, query, parameters=None):
        asked.append(query.split("IN (")[1].split(")")[0])
        return answer(opened, view, query, parameters)

    monkeypatch.setattr(lake_sql, "answer", listening)
    every = contracts.load_all(settings.sources)
    rows = delivered_days.by_contract(every, settings, FIRST, LAST)["desk/calls"]
    monkeypatch.undo()
    return {(str(r["run_date"]), str(r["event_on"])): (r["row_count"], r["figures"]) for r in rows}, asked


def test_a_delivery_is_counted_once_by_local_day_and_again_when_it_changed(lake, monkeypatch):
    whole = {
        ("2017-11-01", "2017-10-31"): (1, figures(0, 0, 1, 0)),
        ("2017-11-01", "2017-11-01"): (2, figures(1, 0, 0, 1)),
        ("2017-11-02", "2017-11-02"): (0, figures(0, 0, 0, 0)),
    }
    assert counted(lake, monkeypatch) == (whole, ["DATE '2017-11-01', DATE '2017-11-02'"])
    assert counted(lake, monkeypatch) == (whole, [])
    note(lake, LAST, "another file", 1)
    assert counted(lake, monkeypatch) == (whole, ["DATE '2017-11-02'"])
    promise = lake.sources / "desk" / "calls.yml"
    promise.write_text(CALLS.replace("[order, return]", "[order]"))
    _, asked = counted(lake, monkeypatch)
    assert asked == ["DATE '2017-11-01', DATE '2017-11-02'"]


def figures(no_topic: int, no_time: int, orders: int, returns: int) -> str:
    return (
        f'{{"null_share:topic": {no_topic}, "value_share:topic=order": {orders}, '
        f'"value_share:topic=return": {returns}, "null_share:at": {no_time}}}'
    )
