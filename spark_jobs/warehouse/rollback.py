"""Bring the marts back to what they were at the end of a night, after saying what that changes.

Everything that `warehouse.build` writes goes back together, the seeds aside, which are files of the checkout:
one mart of Monday beside another of Tuesday would contradict each other. What was loaded since is still in
silver: the rollback is noted in `ops.runs` before the first table moves, and from there the next build knows
that all days since that night are to be decided again. The same command completes a rollback that was
interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from deltalake import DeltaTable

from alluvium import catalog
from alluvium.errors import AlluviumError, UsageError
from alluvium.job import SUCCEEDED, Run, finished_nights
from alluvium.lake import lake_sql, ledger
from alluvium.lake.lake_sql import View
from alluvium.settings import Settings
from alluvium.tables.ops import OPS_ERASURES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "warehouse.rollback"
SHOWN = "gold"
FOLLOWING = "intermediate"
PII = "pii.customers"


@dataclass(frozen=True)
class Change:
    """What a rollback does to one table. Rows that differ in a column go and come back."""

    table: str
    version_now: int
    version_then: int
    rows_now: int
    rows_then: int
    rows_that_go: int
    rows_that_come_back: int


def _night(settings: Settings, to: date) -> Mapping[str, Any]:
    nights = {night["run_date"]: night for night in finished_nights(settings)}
    if to not in nights:
        listed = ", ".join(day.isoformat() for day in sorted(nights)[-5:]) or "none"
        raise UsageError(f"No night of {to} has finished", do=f"The last that did: {listed}")
    return nights[to]


def _refuse_after_an_erasure(settings: Settings, night: Mapping[str, Any]) -> None:
    erased = [row["erased_at"] for row in ledger.rows(OPS_ERASURES, settings)]
    since = [at for at in erased if at >= night["finished_at"]]
    if since:
        raise AlluviumError(
            f"People were erased on {max(since):%Y-%m-%d}: nothing before that may come back",
            where=f"night of {night['run_date']}",
            do="Build anew: alluvium job warehouse.build --run-date <last night> --option full_refresh=true",
        )


def _folder(settings: Settings, table: str) -> Path:
    return settings.lake.joinpath(*table.split("."))


def _is_mart(table: str) -> bool:
    return table.startswith(f"{SHOWN}.") or table == PII


def _is_built(table: str) -> bool:
    return _is_mart(table) or table.startswith(f"{FOLLOWING}.")


def _columns(path: Path, version: int) -> list[str]:
    return [field.name for field in DeltaTable(str(path), version=version).schema().fields]


def _scan(settings: Settings, table: str, version: int) -> str:
    schema, name = table.split(".")
    return lake_sql.scan(View(settings, with_pii=True, versions={table: version}), schema, name)


def _count(
    asked: DuckDBPyConnection, settings: Settings, table: str, versions: tuple[int, int]
) -> tuple[int, int]:
    """Rows of the first version, and how many of them the second has not, by the columns that both have."""
    first, second = (_scan(settings, table, version) for version in versions)
    names, others = (_columns(_folder(settings, table), version) for version in versions)
    listed = ", ".join(f'"{name}"' for name in names if name in set(others))
    query = f"""
    select (select count(*) from {first}), count(*)
    from (select {listed} from {first} except all select {listed} from {second})
    """
    found = asked.execute(query).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def _change(asked: DuckDBPyConnection, settings: Settings, table: str, now: int, then: int) -> Change:
    rows_now, go = _count(asked, settings, table, (now, then))
    rows_then, come_back = _count(asked, settings, table, (then, now))
    return Change(table, now, then, rows_now, rows_then, go, come_back)


def _missing_files(path: Path, version: int) -> list[str]:
    uris = DeltaTable(str(path), version=version).file_uris()
    return [uri for uri in uris if not Path(unquote(uri)).exists()]


def _refuse_missing_files(settings: Settings, versions: Mapping[str, int]) -> None:
    for table, version in versions.items():
        if missing := _missing_files(_folder(settings, table), version):
            raise AlluviumError(
                f"{len(missing)} files of {table} version {version} are not kept any more",
                where=table,
                do="Take a later night, or build anew with full_refresh=true",
            )


def _moved(settings: Settings, night: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Tables of the warehouse whose version is another than that night's: name, now, then."""
    now = ledger.versions(settings)
    for table, then in sorted(night["table_versions"].items()):
        if _is_built(table) and now.get(table, then) != then:
            yield table, now[table], then


def plan(settings: Settings, to: date) -> list[Change]:
    """Every mart whose rows differ from those at the end of the night `to`.

    Raises UsageError for a night that never finished, AlluviumError when what it left cannot come back.
    """
    night = _night(settings, to)
    _refuse_after_an_erasure(settings, night)
    moved = list(_moved(settings, night))
    _refuse_missing_files(settings, {table: then for table, _, then in moved})
    asked = lake_sql.kept(View(settings, with_pii=True))
    changes = [_change(asked, settings, *versions) for versions in moved if _is_mart(versions[0])]
    return [change for change in changes if change.rows_that_go or change.rows_that_come_back]


def apply(settings: Settings, to: date, changes: Sequence[Change]) -> None:
    """Restore the tables, one commit each, and let the next build know from where to go on.

    What lies between the layers goes first: as long as a mart is left, the same command finds it.
    """
    run = Run(NAME, to, counts={"tables": len(changes)})
    ledger.append(catalog.OPS_RUNS, [run.row(SUCCEEDED)], settings)
    moved = _moved(settings, _night(settings, to))
    following = {table: then for table, _, then in moved if table.startswith(f"{FOLLOWING}.")}
    for table, version in {**following, **{change.table: change.version_then for change in changes}}.items():
        DeltaTable(str(_folder(settings, table))).restore(version)
