"""Take people out of the tables of the lake, and what old versions keep of them out of the files.

Only tables and files with a row of theirs are rewritten; rows of others keep every value. Keys stand in the
source of a MERGE, never in its text: a Delta log keeps the text. Limit: the library joins a table's keys in
the memory of this process, some 100 MB a million rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from alluvium.settings import Settings
from spark_jobs.privacy.erasure.rules import Rule, rules
from spark_jobs.privacy.lake import Lake

_VERSION_FILE = re.compile(r"^\.?(\d{20})\.")
ROW_HASH = "_row_hash"


@dataclass(frozen=True)
class Outcome:
    """What an erasure did to one table."""

    table: str
    rows: int
    rows_kept: int
    version_before: int
    version_after: int


def plan(lake: Lake, keys: Iterable[str]) -> list[tuple[Rule, dict[str, int], int]]:
    """For every table with persons: the rule, rows by column that name one of `keys`, and rows in all."""
    lake.give("erased", ["key"], [[key] for key in sorted(set(keys))])
    every = rules(((table, lake.columns(table)) for table in lake.tables), lake.settings)
    return [(rule, *_counts(lake, rule)) for rule in every]


def _counts(lake: Lake, rule: Rule) -> tuple[dict[str, int], int]:
    columns = (*rule.person_columns, *rule.mention_columns)
    named = {name: f'"{name}" IN (SELECT key FROM erased)' for name in columns}
    whose = " OR ".join(f"coalesce({named[name]}, false)" for name in rule.person_columns) or "false"
    counted = ", ".join(f"count_if(coalesce({test}, false))" for test in named.values())
    [row] = lake.rows(f"SELECT count_if({whose}), {counted} FROM {rule.table}")
    return {name: n for name, n in zip(columns, row[1:], strict=True) if n}, row[0]


def erase(settings: Settings, rule: Rule, counts: dict[str, int], keys: Sequence[str], nonce: str) -> Outcome:
    """Delete or empty the rows of a table that name one of `keys`; nothing is written when there are none."""
    path = settings.lake / rule.table.replace(".", "/", 1)
    table = DeltaTable(str(path))
    before, deleted, emptied = table.version(), 0, 0
    source = pa.table({"key": pa.array(sorted(set(keys)), pa.string())})
    for column in counts:
        merging = table.merge(source, f't."{column}" = s.key', source_alias="s", target_alias="t")
        if column in rule.mention_columns:
            merging = merging.when_matched_update({column: "NULL"})
        elif rule.kept_when is None:
            merging = merging.when_matched_delete()
        else:
            stays = f"coalesce({rule.kept_when}, false)"
            merging = merging.when_matched_update(_emptied(rule, table, nonce), predicate=stays)
            merging = merging.when_matched_delete(predicate=f"NOT {stays}")
        done = merging.execute()
        deleted += int(done["num_target_rows_deleted"])
        emptied += int(done["num_target_rows_updated"])
    return Outcome(rule.table, deleted, emptied, before, table.version())


def _emptied(rule: Rule, table: DeltaTable, nonce: str) -> dict[str, str]:
    """What an order that stays is set to. Its hash was made of the card's number too: it gets a new one."""
    updates = dict.fromkeys(rule.emptied, "NULL")
    if ROW_HASH in {field.name for field in table.schema().fields}:
        updates[ROW_HASH] = f"substr(encode(sha256(concat(t.{ROW_HASH}, '{nonce}')), 'hex'), 1, 32)"
    return updates


def purge(path: Path) -> int:
    """Remove what no row of the newest version needs: replaced files, and commits before it with their
    statistics. Ends time travel of the table. Returns the version that is left.
    """
    table = DeltaTable(str(path))
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    table.update_incremental()
    table.create_checkpoint()
    version = table.version()
    log = path / "_delta_log"
    for file in sorted(log.iterdir()):
        found = _VERSION_FILE.match(file.name)
        if found and int(found.group(1)) < version:
            file.unlink()
    return version
