"""`alluvium bench identity`: the match engine beside Splink 5 on DuckDB, on records whose truth is known."""

from __future__ import annotations

import multiprocessing
import resource
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.bench import identity_night
from alluvium.commands.bench.results import keep
from alluvium.console import console, print_json, step, table
from alluvium.errors import AlluviumError
from alluvium.settings import get_settings

if TYPE_CHECKING:
    import polars as pl

FEBRL = {
    "given_name": "name", "surname": "name", "date_of_birth": "date", "soc_sec_id": "email",
    "address_1": "text", "suburb": "text", "postcode": "text", "state": "exact",
}  # fmt: skip
MADE_UP = {
    "first_name": "name", "last_name": "name", "birth_date": "date", "email": "email", "phone": "email",
    "street": "text", "town": "text", "postcode": "text", "sex": "exact",
}  # fmt: skip
SHOWN = (
    "data", "system", "records", "precision", "recall", "f1", "b_cubed", "largest", "expected_precision",
    "wall_seconds", "cpu_seconds", "peak_mb",
)  # fmt: skip


def _rows(data: str, records: int, seed: int) -> pl.DataFrame:
    import polars as pl

    from spark_jobs.identity import febrl, synthetic

    if data.startswith("FEBRL"):
        return febrl.records(int(data[-1])).with_columns(pl.col("rec_id").alias("unique_id"))
    return synthetic.records(records, seed).rename({"record_id": "unique_id"})


def _scores(found: pl.DataFrame, rows: pl.DataFrame) -> dict[str, Any]:
    import polars as pl

    from spark_jobs.identity.evaluate import b_cubed, pairwise

    labelled = (
        rows.select("unique_id", "person_id")
        .join(found, on="unique_id")
        .rename({"cluster_id": "customer_id"})
    )
    largest = int(labelled.group_by("customer_id").agg(pl.len())["len"].to_numpy().max())
    return {**pairwise(labelled), "b_cubed": b_cubed(labelled)["f1"], "largest": largest}


def _alluvium(rows: pl.DataFrame, is_febrl: bool) -> dict[str, Any]:
    from spark_jobs.identity import febrl, synthetic
    from spark_jobs.identity.engine.columns import Mapping
    from spark_jobs.identity.engine.run import resolve

    mapping = Mapping(id="unique_id", roles=febrl.ROLES if is_febrl else synthetic.ROLES)
    found = resolve(rows["unique_id"], rows.select(mapping.columns), mapping)
    clusters = found.clusters(rows["unique_id"]).rename({"id": "unique_id"})
    return {"expected_precision": round(found.expected_precision, 4)} | _scores(clusters, rows)


def _splink(rows: pl.DataFrame, is_febrl: bool) -> dict[str, Any]:
    from spark_jobs.identity import rival

    columns = FEBRL if is_febrl else MADE_UP
    at = rival.clusters(rows.select("unique_id", *columns), columns)
    scored = [{"threshold": threshold} | _scores(found, rows) for threshold, found in at.items()]
    return max(scored, key=lambda figures: figures["f1"])  # its best threshold, told by the truth


def _measured(system: str, data: str, records: int, seed: int) -> dict[str, Any]:
    """Runs in a process of its own, so that memory and imports are its own."""
    rows = _rows(data, records, seed)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    scores = (_alluvium if system == "Alluvium" else _splink)(rows, data.startswith("FEBRL"))
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    costs = {
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(used, 1),
        "peak_mb": after.ru_maxrss // 1024,
    }
    return {"data": data, "system": system, "records": rows.height, **scores, **costs}


def identity(
    records: Annotated[int, typer.Option(help="Made-up records, beside FEBRL 3 and 4")] = 300_000,
    seed: Annotated[int, typer.Option(help="Of the made-up records")] = 1,
    night_records: Annotated[int, typer.Option(help="Made-up records of the night, 0 for none")] = 50_000,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Resolve FEBRL 3 and 4 and made-up records with the engine and with Splink; see reports/.

    Splink runs with several blocking rules and is given the best of five thresholds, chosen by the truth; the
    engine chooses its own without it. The last table holds a night with 0.5 % new records against one that
    compares all of them.
    """
    from importlib.util import find_spec

    if find_spec("splink") is None:
        raise AlluviumError("Splink is not installed", do="Run `uv sync --group bench`")
    figures = []
    for data in ("FEBRL 3", "FEBRL 4", "made up"):
        for system in ("Alluvium", "Splink"):
            with step(f"{data}, {system}"), multiprocessing.get_context("spawn").Pool(1) as pool:
                figures.append(pool.apply(_measured, (system, data, records, seed)))
    night = None
    if night_records:
        with step("A night"), multiprocessing.get_context("spawn").Pool(1) as pool:
            night = pool.apply(identity_night.measured, (night_records, seed))
    found = {"tables": figures, "night": night}
    target = keep(found, "bench_identity", get_settings().reports)
    if as_json:
        print_json(found)
        return
    table(
        "Who is who",
        [name.replace("_", " ") for name in SHOWN],
        [[row.get(n) for n in SHOWN] for row in figures],
    )
    if night:
        table("A night", list(night), [list(night.values())])
    console.print(f"Kept in {target}")
