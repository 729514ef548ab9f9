"""`alluvium privacy verify`: search every file under the home folder for identifiers."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alluvium.errors import AlluviumError, UsageError

if TYPE_CHECKING:
    from spark_jobs.privacy.scan.search import Scan

MOST_SHOWN = 40


def verify(
    subject: Annotated[
        list[str] | None, typer.Option(help="An identifier to look for: address, number, any id. Repeatable.")
    ] = None,
    identifiers: Annotated[
        Path | None, typer.Option(help="CSV with a column identifier; kind and subject if wanted.")
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Plant identifiers in every file type and find them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Decode every file under the home folder and look for identifiers: plain, normalised, in any case, in
    base64, hex, URL-encoded, escaped, or hashed without a key.

    Findings name the file, table, column and form, never the value. Ends with 1 when something is found.
    """
    if self_test:
        _self_test(as_json)
        return
    from alluvium.commands.privacy.subjects import identifier, read_file
    from alluvium.privacy import audit
    from alluvium.settings import get_settings
    from spark_jobs.privacy.scan.search import scan

    settings = get_settings()
    wanted = [identifier(settings, value, str(n)) for n, value in enumerate(subject or [], 1)]
    wanted += read_file(settings, identifiers) if identifiers else []
    if not wanted:
        raise UsageError("Nothing to look for", do="Give --subject, --identifiers or --self-test")
    from alluvium.console import step

    with step(f"Looking for {len(wanted)} identifiers"):
        found = scan(settings.home, wanted)
    audit.note(settings, "privacy.verify", f"{len(wanted)} identifiers, {len(found.findings)} findings")
    _show(found, as_json)
    if not found.is_clean:
        raise typer.Exit(1)


def _show(found: Scan, as_json: bool) -> None:
    from alluvium.console import console, err, print_json, table

    if as_json:
        print_json({**asdict(found), "is_clean": found.is_clean})
        return
    rows = [
        [f.subject, f.kind, f.form, f.table or "", f.place, "" if f.offset is None else f.offset, f.file]
        for f in found.findings
    ]
    if rows:
        columns = ["person", "what", "form", "table", "place", "offset", "file"]
        table(f"{len(rows)} findings", columns, rows[:MOST_SHOWN])
        if len(rows) > MOST_SHOWN:
            err.print(f"[dim]Only the first {MOST_SHOWN}; `--json` gives all[/]")
    said = f"{found.count_files:,} files, {found.count_bytes / 2**20:,.0f} MiB, {len(rows)} findings"
    console.print(said if rows else f"Nothing found: {said}")
    for file, problem in list(found.undecodable.items())[:MOST_SHOWN]:
        err.print(f"[yellow]Not decoded, its bytes were searched: {file} ({problem})[/]")


def _self_test(as_json: bool) -> None:
    from alluvium.console import print_json, table
    from spark_jobs.privacy.scan import selftest

    with tempfile.TemporaryDirectory() as folder:
        results = selftest.run(Path(folder))
    if as_json:
        print_json([{**asdict(result), "is_passed": result.is_passed} for result in results])
    else:
        rows = [[r.kind, r.planted, r.found, r.decoys_found] for r in results]
        table(None, ["file type", "planted", "found", "decoys found"], rows)
    failed = [result.kind for result in results if not result.is_passed]
    if failed:
        raise AlluviumError(f"The scanner does not read {', '.join(failed)} as it should")
