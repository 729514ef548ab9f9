"""`alluvium bench segments`: membership, a refresh within the day, and the export of many people."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from alluvium.commands.bench.results import costing, keep
from alluvium.console import console, print_json, step, table
from alluvium.settings import Settings, get_settings

SHOWN = ("what", "seconds", "allowed", "cpu_seconds", "read_mib", "peak_mib")
RULE = """owner: bench
purposes: [marketing_email]
schedule: nightly
guard: {{size: [0, 100000000]}}
description: Made for a bench.
rules:
  all:
    - {rule}
"""
# Ten of each kind, as marketers write them.
RULES = (
    "{{field: rfm.recency_days, at_most: {days}}}",
    "{{event: Product Viewed, at_least: {times}, in_last_days: {days}}}",
    "{{event: Product Added, not_followed_by: Order Completed, within_hours: {times}, in_last_days: {days}}}",
    "{{bought: department, one_of: [GROCERY, PRODUCE], at_least: {times}, in_last_days: {days}}}",
    "{{any: [{{field: rfm.frequency_score, at_least: 4}}, {{event: Email Opened, at_least: {times}, "
    "in_last_days: {days}}}]}}",
)


def write_definitions(folder: Path, count: int) -> None:
    """So many segments as rule documents."""
    folder.mkdir()
    for number in range(count):
        rule = RULES[number % len(RULES)].format(days=7 * (1 + number // len(RULES)), times=1 + number % 3)
        (folder / f"bench_{number}.yml").write_text(RULE.format(rule=rule), encoding="utf-8")


def membership(settings: Settings, home: Path, count: int) -> dict[str, Any]:
    """Decide `count` segments over the lake's gold and ml; what is written goes to a folder of its own."""
    from alluvium.commands.segment_writing import night_of
    from alluvium.job import JobConfig
    from alluvium.lake import ledger
    from alluvium.tables.segments import PUBLISHED_SEGMENT_MEMBERS
    from spark_jobs.segments import decide

    night: date = night_of(settings, None)
    beside = settings.model_copy(update={"home": home})
    beside.lake.mkdir(parents=True)
    for schema in ("gold", "ml"):
        (beside.lake / schema).symlink_to(settings.lake / schema)
    write_definitions(home / "definitions", count)
    ledger.create(PUBLISHED_SEGMENT_MEMBERS, beside)
    config = JobConfig(night, beside, {"definitions": str(home / "definitions")})
    for _ in ("cold", "warm"):
        with costing() as cost:
            told = decide.run(None, config)  # type: ignore[arg-type]
    return {"what": f"{count} segments of {night}", **cost.as_dict(), "allowed": 30, **told}


def refreshes(settings: Settings, events: int, customers: int) -> list[dict[str, Any]]:
    """A day with half an hour's events after the other: the first refresh decides everybody, the next who
    did something. Last, everybody again, by a definition that was touched.
    """
    from alluvium.commands.bench.event_lake import DEFINITION, TODAY, Shop
    from alluvium.job import JobConfig
    from spark_jobs.segments import decide, definition

    shop, folder = Shop(settings, events, customers), settings.home / "definitions"
    folder.mkdir()
    shipped = definition.FOLDER / "cart_abandoners.sql"
    (folder / shipped.name).write_bytes(shipped.read_bytes())
    (folder / "carted.yml").write_text(DEFINITION, encoding="utf-8")
    options = {"definitions": str(folder), "schedule": "every 30 minutes"}
    found = []

    def refresh(half_hour: int, what: str) -> None:
        as_of = shop.come_in(half_hour).isoformat()
        with costing() as cost:
            decide.run(None, JobConfig(TODAY, settings, {**options, "as_of": as_of}))  # type: ignore[arg-type]
        found.append({"what": what, **cost.as_dict(), "allowed": 60})

    decide.run(None, JobConfig(TODAY - timedelta(days=1), settings, {"definitions": str(folder)}))  # type: ignore[arg-type]
    refresh(24, f"refresh over {events:,} events, everybody")
    refresh(25, "refresh half an hour later")
    refresh(26, "and half an hour later")
    (folder / "carted.yml").write_text(DEFINITION + "# Touched.\n", encoding="utf-8")
    refresh(27, "everybody again, warm")
    return found


def exports(
    settings: Settings, people: int, with_spark: bool
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """A fourth of the people, all of them, and all with a suppression list; ratios to plain writes."""
    from alluvium.commands.bench import audience_lake as lake

    plan, found = lake.make_plan(settings.home / "plan"), []
    for count, suppressed in ((people // 4, 0), (people, 0), (people, 10_000)):
        lake.make_people(settings, count, suppressed)
        against = f", against {suppressed:,} suppressed" if suppressed else ""
        sealed = lake.seal(settings)
        if not suppressed:  # Else all were sealed before.
            found.append({"what": f"details of {count:,} people sealed", **sealed})
        exported = lake.export(settings, plan)
        found.append({"what": f"export of {count:,} people{against}", **exported, "allowed": 60})
    ours = next(one["seconds"] for one in found if one["what"] == f"export of {people:,} people")
    plain = {"duckdb": lake.write_with_duckdb(settings)}
    if with_spark:
        os.environ["ALLUVIUM_HOME"] = str(settings.home)
        plain["spark"] = lake.write_with_spark(settings)
    ratios = {}
    for name, cost in plain.items():
        found.append({"what": f"the same columns plainly with {name}", **cost.as_dict()})
        ratios[name] = round(ours / cost.seconds, 1)
    return found, ratios


@contextmanager
def _folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="bench-segments-", dir=os.environ.get("TMPDIR")))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def segments(
    count: Annotated[int, typer.Option("--segments", min=1, help="Decided over this lake")] = 50,
    events: Annotated[
        int, typer.Option(min=1_000, help="Made up, for a refresh; 0.02 per customer")
    ] = 5_000_000,
    people: Annotated[int, typer.Option(min=1_000, help="Made up, for an export")] = 1_000_000,
    spark: Annotated[bool, typer.Option("--spark/--no-spark", help="Write plainly with Spark, too")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Decide segments over this lake, refresh made-up ones within a day, export made-up people.

    Nothing of this lake is changed; what is made lies in a folder that is removed. See reports/.
    """
    settings = get_settings()
    with _folder() as made:
        with step(f"{count} segments"):
            figures = [membership(settings, made / "lake", count)]
        with step("refreshes"):
            figures += refreshes(_at(settings, made / "day"), events, max(events // 20, 50))
        with step("exports"):
            exported, ratios = exports(_at(settings, made / "people"), people, spark)
    figures += exported
    told = {"figures": figures, "export_over_plain_write": ratios}
    target = keep(told, "bench_segments", settings.reports)
    if as_json:
        print_json(told)
        return
    table("Segments and audiences", [name.replace("_", " ") for name in SHOWN], _rows(figures))
    told_ratios = " and ".join(f"{ratio} times as long as {name}" for name, ratio in ratios.items())
    console.print(f"The export takes {told_ratios}, which only writes. Kept in {target}")


def _at(settings: Settings, home: Path) -> Settings:
    return settings.model_copy(update={"home": home, "exports_s3_bucket": None, "business_time_zone": "UTC"})


def _rows(figures: list[dict[str, Any]]) -> list[list[Any]]:
    return [[row.get(name) for name in SHOWN] for row in figures]
