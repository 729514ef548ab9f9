"""What an existing lake lacks of the catalogue, the contracts and dbt's tables, and how it gets there.

A changed contract or a newer release wants columns that the tables of yesterday do not have. What can be done
in place, adding a column, is done; everything else is said with the command that does it. Ledgers are not
looked at: they take new columns by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.contracts.contract import Contract
from alluvium.job import finished_nights
from alluvium.lake import delta_types, ledger
from alluvium.settings import CHECKOUT, Settings
from alluvium.table import Table
from alluvium.tables.ingest import OPS_BATCHES, tables_of

Change = Literal["add", "retype", "rebuild"]
DBT_MODELS = CHECKOUT / "dbt_project" / "models" / "marts"


@dataclass(frozen=True)
class Step:
    """One column of one table that is not as it should be. `afterwards` is the command that completes it."""

    table: str
    column: str
    change: Change
    was: str | None
    wanted: str
    afterwards: str = ""

    @property
    def is_automatic(self) -> bool:
        """Whether `apply` does it; else a person does."""
        return self.change == "add"


def _held(settings: Settings, full_name: str) -> dict[str, str] | None:
    """The columns that a table has, with their types; None when there is no such table yet."""
    path = str(settings.lake.joinpath(*full_name.split(".")))
    if not DeltaTable.is_deltatable(path):
        return None
    schema = json.loads(DeltaTable(path, without_files=True).schema().to_json())
    return {column["name"]: delta_types.shown(column["type"]) for column in schema["fields"]}


def _steps(settings: Settings, table: Table, added: str, retyped: str) -> Iterator[Step]:
    held = _held(settings, table.full_name)
    if held is None or table.columns is None:
        return
    for column, (kind, _) in table.columns.items():
        was, wanted = held.get(column), delta_types.shown(delta_types.of_spark(kind))
        if was is None:
            yield Step(table.full_name, column, "add", None, wanted, added)
        elif was != wanted:
            yield Step(table.full_name, column, "retype", was, wanted, retyped)


def _reload(settings: Settings, of: Contract) -> str:
    """The command that loads again what was loaded of a contract."""
    loaded = [
        batch["run_date"]
        for batch in ledger.rows(OPS_BATCHES, settings)
        if (batch["source"], batch["entity"]) == (of.source, of.entity) and batch["file_count"]
    ]
    stretch = f"--from {min(loaded)} --to {max(loaded)} " if loaded else ""
    return f"alluvium ingest {stretch}--source {of.source} --entity {of.entity}"


def _of_contracts(settings: Settings) -> Iterator[Step]:
    for of in contract.load_all(settings.sources):
        again = _reload(settings, of)
        for table in tables_of(of):
            yield from _steps(settings, table, again, "name the column anew, `path` reads the old field")


def _of_catalogue(settings: Settings) -> Iterator[Step]:
    ledgers = {table.full_name for table in catalog.LEDGERS}
    for full_name, table in catalog.TABLES.items():
        if full_name not in ledgers:
            yield from _steps(settings, table, "", "restore or rebuild the table")


def _of_dbt(settings: Settings, models: Path) -> Iterator[Step]:
    """Columns that a mart's yml describes."""
    nights = finished_nights(settings)
    day = nights[-1]["run_date"] if nights else "<run date>"
    for file in sorted(models.rglob("*.yml")):
        schema = "pii" if file.parent.name == "pii" else "gold"
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
            table = f"{schema}.{model.get('config', {}).get('alias', model['name'].removeprefix('pii_'))}"
            held = _held(settings, table)
            for column in model.get("columns", []):
                was = (held or {}).get(column["name"])
                wanted = delta_types.shown(delta_types.of_spark(column["data_type"]))
                if held is not None and was != wanted:
                    again = (
                        f"alluvium job warehouse.build --run-date {day} --option full_refresh=true "
                        f"--option select={model['name']}"
                    )
                    yield Step(table, column["name"], "rebuild", was, wanted, again)


def plan(settings: Settings, models: Path = DBT_MODELS) -> list[Step]:
    """Everything that is missing or different, by table and column. Reads schemas only."""
    parts: Iterable[Iterator[Step]] = (
        _of_contracts(settings),
        _of_catalogue(settings),
        _of_dbt(settings, models),
    )
    return sorted((step for part in parts for step in part), key=lambda step: (step.table, step.column))


@retry(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    reraise=True,
)
def _add(settings: Settings, full_name: str, columns: Mapping[str, tuple[str, str]]) -> None:
    fields = [
        delta_types.field(name, delta_types.of_spark(kind), comment)
        for name, (kind, comment) in columns.items()
    ]
    added = Schema.from_json(json.dumps({"type": "struct", "fields": fields})).fields
    DeltaTable(str(settings.lake.joinpath(*full_name.split(".")))).alter.add_columns(added)


def _comments(settings: Settings) -> dict[str, Table]:
    of_contracts = (table for of in contract.load_all(settings.sources) for table in tables_of(of))
    return {table.full_name: table for table in (*catalog.TABLES.values(), *of_contracts)}


def apply(steps: Iterable[Step], settings: Settings) -> int:
    """Add the columns that are missing, one commit a table; returns how many. Their rows hold null so far."""
    wanted: dict[str, list[str]] = {}
    for step in steps:
        if step.is_automatic:
            wanted.setdefault(step.table, []).append(step.column)
    tables = _comments(settings)
    for full_name, names in wanted.items():
        columns = tables[full_name].columns or {}
        _add(settings, full_name, {name: columns[name] for name in names})
    return sum(map(len, wanted.values()))
