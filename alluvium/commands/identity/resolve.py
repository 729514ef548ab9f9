"""`alluvium identity resolve`: who is who in any table of records, without the lake and without Spark."""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.identity import ways
from alluvium.commands.identity.lake import Json
from alluvium.console import console, print_json, step, table
from alluvium.errors import UsageError

if TYPE_CHECKING:
    import polars as pl


def resolve(
    input_file: Annotated[Path, typer.Option("--input", help="Parquet or CSV, one row per record")],
    columns: Annotated[Path, typer.Option(help="YAML: `id: <column>` and `roles:`, each a list of columns")],
    output: Annotated[Path, typer.Option(help="Parquet or CSV to write: id, cluster_id")],
    links: Annotated[Path | None, typer.Option(help="Also write the scored pairs: Parquet or CSV")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV that is neither UTF-8 nor UTF-16")] = None,
    way: Annotated[str, typer.Option(help="driver, spark, or auto: Spark above 2 million records")] = "auto",
    as_json: Json = False,
) -> None:
    """Find the records of a table that are one person (or one thing), without labels and without the lake.

    Roles: name, address, date, postcode, place, category, email, phone, identifier. The output has one row
    per record, in the order of the input. Nothing is tuned: what a table needs follows from its values.
    """
    from spark_jobs.identity.engine import columns as roles
    from spark_jobs.identity.engine import source

    ways.chosen(way, 0, links is not None)
    for target in (output, links):
        if target is not None:
            _check_target(target)
    mapping = roles.load(columns)
    with step(f"Read {input_file.name}"):
        given = source.read(input_file, mapping, encoding)
        ids = given.ids
    way = ways.chosen(way, ids.len(), links is not None)
    with step(f"Resolve {ids.len():,} records"):
        found = ways.decide(way, ids, given.rows, mapping, links is not None)
    _write(found.clusters, output)
    if links is not None and found.links is not None:
        _write(found.links, links)
    figures = _figures(found) | ({"encoding": given.encoding} if given.encoding else {})
    if as_json:
        print_json(figures)
        return
    _show(figures, output)


def _check_target(target: Path) -> None:
    if target.suffix.lower() not in (".parquet", ".csv"):
        raise UsageError("The output is neither .parquet nor .csv", where=str(target))
    if not target.parent.is_dir():
        raise UsageError("There is no such folder", where=str(target.parent), do="Make it first")


def _write(frame: pl.DataFrame, target: Path) -> None:
    """All or nothing: a file beside the target takes its place when it is whole."""
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=target.suffix)
    os.close(handle)
    try:
        if target.suffix.lower() == ".csv":
            frame.write_csv(name)
        else:
            frame.write_parquet(name)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _figures(found: ways.Decided) -> dict[str, Any]:
    sizes = found.clusters.group_by("cluster_id").len()["len"]
    seconds = found.figures["seconds"]
    return {
        "records": found.clusters.height,
        "clusters": sizes.len(),
        "clusters_of_several": int((sizes > 1).sum()),
        "largest_cluster": int(sizes.max() or 0),  # type: ignore[arg-type]
        **found.figures,
        "seconds": {**seconds, "total": round(sum(seconds.values()), 3)},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _show(figures: dict[str, Any], output: Path) -> None:
    seconds = figures.pop("seconds")
    table(None, ["", ""], [[name.replace("_", " "), value] for name, value in figures.items()])
    table("Seconds", ["step", "seconds"], [[name, value] for name, value in seconds.items()])
    console.print(f"Wrote {output}: id, cluster_id")
