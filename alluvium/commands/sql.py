"""`alluvium sql`: ask the lake without Spark."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from alluvium.console import console, err, print_json, table
from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import Settings, get_settings

app = typer.Typer(add_completion=False)
MOST_ROWS_SHOWN = 1000


class Output(StrEnum):
    """Forms of an answer."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def _night(settings: Settings, as_of: date | None) -> dict[str, Any] | None:
    from alluvium.job import finished_nights

    nights = finished_nights(settings)
    if as_of is None:
        return nights[-1] if nights else None
    before = [night for night in nights if night["run_date"] <= as_of]
    if not before:
        first = nights[0]["run_date"] if nights else "not there yet"
        raise AlluviumError(f"No night was finished by {as_of}; the first is {first}")
    err.print(f"[dim]As of the night of {before[-1]['run_date']}[/]")
    return before[-1]


def _note_pii(settings: Settings, query: str) -> None:
    from alluvium.lake.lake_sql import names_in
    from alluvium.privacy import audit

    audit.note(settings, "sql.with_pii", ", ".join(sorted(".".join(name) for name in names_in(query))))


def _write(answer: Any, output: Output, file: Path | None) -> None:
    if output is Output.parquet:
        import pyarrow.parquet as pq

        if file is None:
            raise UsageError("Parquet needs --file")
        pq.write_table(answer.to_arrow_table(), file)
        return
    import pyarrow.csv as pc

    target: Any = file or sys.stdout.buffer
    pc.write_csv(flat(answer.to_arrow_table()), target)


def flat(rows: Any) -> Any:
    """Lists and structs as JSON text: CSV has no word for them."""
    import pyarrow as pa

    for place, field in enumerate(rows.schema):
        if pa.types.is_nested(field.type):
            texts = [
                None if value is None else json.dumps(value, default=str) for value in rows[place].to_pylist()
            ]
            rows = rows.set_column(place, field.name, pa.array(texts, pa.string()))
    return rows


def _show(answer: Any) -> None:
    columns = [column[0] for column in answer.description]
    rows = answer.fetchmany(MOST_ROWS_SHOWN + 1)
    table(None, columns, rows[:MOST_ROWS_SHOWN])
    if len(rows) > MOST_ROWS_SHOWN:
        err.print(f"[dim]Only the first {MOST_ROWS_SHOWN} rows; `--output csv` gives all[/]")


def _query(given: str | None) -> str:
    """The query itself, or what a file or the standard input (`-`) holds."""
    if given is None:
        raise UsageError("A query is needed", do='Try `alluvium sql "select count(*) from gold.customers"`')
    if given == "-":
        return sys.stdin.read()
    if given.endswith(".sql"):
        if not Path(given).is_file():
            raise UsageError("There is no such file", where=given)
        return Path(given).read_text(encoding="utf-8")
    return given


def _write_views(view: Any, file: Path) -> None:
    from alluvium.lake import bi_views

    made = bi_views.write(view, file)
    console.print(
        f"{len(made)} views in {file}. In DuckDB: `load delta; attach '{file}' as lake (read_only)`"
    )


@app.command(epilog='Example: alluvium sql "select rfm_group, count(*) from gold.customer_rfm group by all"')
def sql(
    query: Annotated[
        str | None, typer.Argument(help="One query that reads; a file of one (.sql), or - to read it.")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What the last night by this date saw.")
    ] = None,
    output: Annotated[Output, typer.Option(help="Form of the answer.")] = Output.table,
    file: Annotated[Path | None, typer.Option(help="Write there instead of to the terminal.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Rows as JSON.")] = False,
    with_pii: Annotated[
        bool, typer.Option("--with-pii", help="Open the pii schema; noted in ops.audit.")
    ] = False,
    views: Annotated[
        Path | None, typer.Option(help="Write a DuckDB file of views for BI tools, without personal data.")
    ] = None,
    list_tables: Annotated[bool, typer.Option("--tables", help="List the tables.")] = False,
) -> None:
    """Answer a query from the Delta tables, without Spark."""
    from alluvium.lake.lake_sql import View, as_dicts, ask, tables

    settings = get_settings()
    if list_tables:
        console.print(
            "\n".join(tables(View(settings, with_pii))) or "No tables yet: `make demo` fills the lake"
        )
        return
    night = _night(settings, as_of.date() if as_of else None)
    versions = night["table_versions"] if night and as_of else {}
    view = View(settings, with_pii, versions, night["run_date"] if night else None)
    if views is not None:
        _write_views(view, views)
        return
    query = _query(query)
    if with_pii:
        _note_pii(settings, query)
    answer = ask(view, query)
    if as_json or output is Output.json:
        print_json(as_dicts(answer))
    elif output is Output.table and file is None:
        _show(answer)
    else:
        _write(answer, output, file)
