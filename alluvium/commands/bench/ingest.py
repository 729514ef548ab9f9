"""`alluvium bench ingest`: web events by contract, beside plain Spark and DuckDB on the same files."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from alluvium.commands.bench.results import keep
from alluvium.console import console, print_json, step, table
from alluvium.settings import Settings, get_settings

RUN_DATE = date(2017, 11, 1)
NEXT_DATE = date(2017, 11, 2)
FILES = 8
DUPLICATES, MALFORMED, NIGHT = 0.05, 0.01, 0.003
SHOWN = ("system", "rows", "wall_seconds", "rows_per_second", "peak_gib")
# The plain ways read typed columns and write them, nothing more: no key, no checks, nothing kept apart.
PLAIN = {
    "messageId": "string", "type": "string", "event": "string", "anonymousId": "string", "userId": "string",
    "timestamp": "timestamp", "sentAt": "timestamp", "receivedAt": "timestamp", "provenance": "string",
    "traits": "struct<email:string,firstName:string,lastName:string,phone:string>",
    "context": "struct<ip:string,userAgent:string,locale:string,page:struct<path:string>>",
    "properties": "struct<product_id:bigint,quantity:int,price:decimal(12,2)>",
}  # fmt: skip


def _line(number: int, rng: Random, day: date) -> str:
    hour, second = rng.randrange(3, 24), rng.randrange(3600)
    at = f"{day}T{hour:02d}:{second // 60:02d}:{second % 60:02d}.{number % 1000:03d}Z"
    device = rng.randrange(200_000)
    who = f'"traits":{{"email":"p{device}@example.org","firstName":"Pat"}},' if number % 50 == 0 else ""
    kind = "identify" if who else "track"
    return (
        f'{{"messageId":"m{day.day}-{number}","type":"{kind}","event":"Product Viewed",'
        f'"anonymousId":"d{device}",'
        f'"timestamp":"{at}","sentAt":"{at}","receivedAt":"{at}",{who}'
        f'"context":{{"ip":"10.0.{device % 250}.7","userAgent":"Mozilla/5.0","locale":"en-US",'
        f'"page":{{"path":"/p/{device % 999}"}}}},"properties":{{"product_id":{rng.randrange(90_000)},'
        f'"quantity":1,"price":{rng.randrange(1, 99)}.5}},"provenance":"synthetic"}}'
    )


def land(folder: Path, rows: int, day: date, seed: int) -> int:
    """Write so many events into a run date's folder, some of them copies and some cut off; bytes written."""
    folder.mkdir(parents=True)
    rng = Random(seed)
    for part in range(FILES):
        with (folder / f"events-{part}.json").open("w", encoding="utf-8") as target:
            last = ""
            for number in range(part, rows, FILES):
                line = _line(number, rng, day)
                drawn = rng.random()
                if drawn < DUPLICATES and last:
                    line = last
                elif drawn < DUPLICATES + MALFORMED:
                    line = line[: len(line) // 2]
                else:
                    last = line
                target.write(line + "\n")
    return sum(path.stat().st_size for path in folder.iterdir())


@contextmanager
def _timed(system: str, rows: int, settings: Settings, figures: list[dict[str, Any]]) -> Iterator[None]:
    from alluvium.meter import measuring_memory

    began = time.perf_counter()
    with measuring_memory(settings) as peak:
        yield
    wall = time.perf_counter() - began
    figures.append(
        {
            "system": system,
            "rows": rows,
            "wall_seconds": round(wall, 1),
            "rows_per_second": round(rows / wall),
            "peak_gib": round(peak.gib, 2),
        }
    )


def _contract(settings: Settings, day: date, **options: str) -> None:
    from alluvium.job import run_job

    run_job("ingest.load", day, {"source": "web", "entity": "events", **options}, settings)


def _warm(settings: Settings) -> None:
    """The first use of a server is slow for whoever comes first: both run before they are timed."""
    folder = settings.home / "warm"
    land(folder, 1_000, RUN_DATE, seed=3)
    _plain_spark(settings, folder)
    place = settings.landing / "web" / "events" / "run_date=2017-10-01"
    land(place, 1_000, date(2017, 9, 30), seed=3)
    _contract(settings, date(2017, 10, 1))


def _plain_spark(settings: Settings, folder: Path) -> None:
    from alluvium.spark.session import connect

    schema = ", ".join(f"`{name}` {kind}" for name, kind in PLAIN.items())
    with connect(settings) as spark:
        rows = spark.read.schema(schema).json(str(folder))
        rows.write.format("delta").mode("overwrite").save(str(settings.home / "plain"))


def _duckdb(settings: Settings, folder: Path) -> None:
    """In a process of its own, as the others have; its memory is among that of the children."""
    kinds = {"string": "VARCHAR", "timestamp": "TIMESTAMP"}
    columns = {name: kinds.get(kind, "JSON") for name, kind in PLAIN.items()}
    query = (
        f"COPY (SELECT * FROM read_json('{folder}/*.json', columns={columns}, ignore_errors=true, "
        f"format='newline_delimited')) TO '{settings.home}/plain.parquet'"
    )
    subprocess.run([sys.executable, "-c", f"import duckdb; duckdb.sql({query!r})"], check=True)


def measure(rows: int, home: Path, say: Callable[[str], Any] = step) -> dict[str, Any]:
    """Load, then do the same the plain ways, then load a night of 0.3 % more."""
    from alluvium.spark import spark_server

    settings = get_settings().model_copy(update={"home": home})
    folders = {day: home / "landing" / "web" / "events" / f"run_date={day}" for day in (RUN_DATE, NEXT_DATE)}
    with say(f"{rows:,} events"):
        size = land(folders[RUN_DATE], rows, RUN_DATE, seed=1)
        land(folders[NEXT_DATE], max(FILES, int(rows * NIGHT)), NEXT_DATE, seed=2)
    figures: list[dict[str, Any]] = []
    with spark_server.hold(settings):
        _warm(settings)
        with say("Alluvium"), _timed("Alluvium, by contract", rows, settings, figures):
            _contract(settings, RUN_DATE, initial="true")
        with say("plain Spark"), _timed("Spark: schema, JSON to Delta", rows, settings, figures):
            _plain_spark(settings, folders[RUN_DATE])
        with say("DuckDB"), _timed("DuckDB: JSON to Parquet", rows, settings, figures):
            _duckdb(settings, folders[RUN_DATE])
        with say("a night"), _timed("Alluvium, a night", int(rows * NIGHT), settings, figures):
            _contract(settings, NEXT_DATE)
    ours, spark, duck, night = (figure["wall_seconds"] for figure in figures)
    return {
        "bytes": size,
        "figures": figures,
        "of_spark": round(spark / ours, 2),
        "of_duckdb": round(duck / ours, 2),
        "night_of_load": round(night / ours, 3),
        "children_max_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }


def ingest(
    rows: Annotated[int, typer.Option(min=1_000, help="Events; 4 million are about 1.5 GB")] = 4_000_000,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Load made-up events, 5 % copies and 1 % malformed, and do the same with plain Spark and DuckDB.

    The plain ways read the files and write them, typed; ours also checks, quarantines, removes copies, keeps
    people apart and writes silver. Everything lies in a folder that is removed. See reports/.
    """
    home = Path(tempfile.mkdtemp(prefix="bench-ingest-", dir=os.environ.get("TMPDIR")))
    try:
        found = measure(rows, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    target = keep(found, "bench_ingest", get_settings().reports)
    if as_json:
        print_json(found)
        return
    names = [name.replace("_", " ") for name in SHOWN]
    table("Events in", names, [[row[name] for name in SHOWN] for row in found["figures"]])
    console.print(
        f"{found['bytes'] / 2**20:,.0f} MiB. {found['of_spark']} of plain Spark's rows per second, "
        f"{found['of_duckdb']} of DuckDB's; a night of 0.3 % costs {found['night_of_load']:.1%} of the load. "
        f"Kept in {target}"
    )
