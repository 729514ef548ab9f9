"""Write docs/reference/tables.md from the catalogue, the contracts and the marts' yml.

Run as `python -m infra.reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.settings import CHECKOUT
from alluvium.table import Table
from alluvium.tables.ingest import tables_of

TARGET = CHECKOUT / "docs" / "reference" / "tables.md"
DBT = CHECKOUT / "dbt_project"
READ_BY_OTHERS = ("gold", "ml", "published", "identity", "silver", "bronze", "ops", "pii", "support")

Columns = Mapping[str, tuple[str, str]]


def _built_by_dbt() -> dict[str, tuple[str, Columns]]:
    """Description and columns of marts and snapshots, by table."""
    found: dict[str, tuple[str, Columns]] = {}
    for file in sorted([*(DBT / "models" / "marts").rglob("*.yml"), *(DBT / "snapshots").glob("*.yml")]):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for model in [*content.get("models", []), *content.get("snapshots", [])]:
            schema = "pii" if file.parent.name == "pii" else "gold"
            name = model.get("config", {}).get("alias", model["name"])
            columns = {
                column["name"]: (column.get("data_type", ""), column.get("description", ""))
                for column in model["columns"]
            }
            found[f"{schema}.{name}"] = (" ".join(model["description"].split()), columns)
    return found


def _all_tables() -> Iterator[tuple[str, str, Iterable[str], Columns]]:
    """Name, comment, key and columns of each table."""
    marts = _built_by_dbt()
    declared: dict[str, Table] = {table.full_name: table for table in catalog.TABLES.values()}
    for each in contract.load_all():
        declared |= {table.full_name: table for table in tables_of(each)}
    for name in sorted({*declared, *marts}):
        table, mart = declared.get(name), marts.get(name)
        comment = mart[0] if mart else table.comment if table else ""
        columns = (table.columns if table and table.columns else None) or (mart[1] if mart else {})
        yield name, comment, table.key if table else (), columns


def _section(name: str, comment: str, key: Iterable[str], columns: Columns) -> str:
    lines = [f"### {name}", "", comment, ""]
    if keys := ", ".join(f"`{column}`" for column in key):
        lines += [f"Key: {keys}", ""]
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| `{column}` | {kind} | {_cell(meaning)} |" for column, (kind, meaning) in columns.items()]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def page() -> str:
    """The whole page."""
    tables = list(_all_tables())
    parts = [
        "# The tables",
        "Made from the code by `python -m infra.reference`; do not edit.",
    ]
    for schema in READ_BY_OTHERS:
        parts.append(f"## {schema}\n\n{catalog.SCHEMAS[schema]}.")
        parts += [_section(*table) for table in tables if table[0].startswith(f"{schema}.")]
    return "\n\n".join(parts) + "\n"


def main(target: Path = TARGET) -> None:
    """Write the page."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
