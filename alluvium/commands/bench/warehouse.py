"""`alluvium bench warehouse`: a night's build beside its own full refresh, and what features cost."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from alluvium.commands.bench.results import keep
from alluvium.console import console, err, print_json, step, table
from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings

AS_OF_DATES = (1, 5, 10)
STEP_DAYS = 28
# What features are made of.
READ = (
    "customers", "customer_activity_daily", "orders", "order_lines", "products", "campaign_touches",
    "coupon_redemptions",
)  # fmt: skip
ALLOWED = {"night": 45.0, "full refresh": 150.0}


def _seconds(what: str, do: Callable[[], Any]) -> dict[str, Any]:
    began = time.perf_counter()
    with step(what):
        do()
    return {"what": what, "seconds": round(time.perf_counter() - began, 1)}


def _features(settings: Settings, night: date, count: int) -> None:
    from alluvium import dbt

    days = [night + timedelta(days=1 - STEP_DAYS * back) for back in range(count)]
    dbt.build(
        night,
        select="int_category_tastes customer_features",
        with_tests=False,
        vars={"as_of_dates": [day.isoformat() for day in days]},
        settings=settings,
    )


def _copy(settings: Settings, home: Settings, copies: int) -> None:
    """Write what features are made of into another home, each customer so many times."""
    from deltalake import write_deltalake

    from alluvium.lake import lake_sql

    for name in READ:
        source = lake_sql.scan(lake_sql.View(settings), "gold", name)
        asked = lake_sql.connection(lake_sql.View(settings))
        is_of_customers = name != "products"
        renamed = "replace (customer_id || '-' || copy as customer_id)" if is_of_customers else ""
        copied = f"cross join range({copies}) as copies(copy)" if is_of_customers else ""
        rows = asked.execute(f"select source.* {renamed} from {source} as source {copied}")
        write_deltalake(str(home.lake / "gold" / name), rows.fetch_record_batch(500_000), mode="overwrite")


def _register(home: Settings) -> None:
    from alluvium.spark.session import connect

    with connect(home) as spark:
        for name in READ:
            place = str(home.lake / "gold" / name).replace("'", "\\'")
            spark.sql(f"create table if not exists gold.{name} using delta location '{place}'")


def _copies(settings: Settings, night: date, copies: int, say: str) -> list[dict[str, Any]]:
    """Features of as many customers as there are, and of so many times as many, on a warm server."""
    from alluvium.spark import spark_server

    folder = Path(tempfile.mkdtemp(prefix="bench-warehouse-", dir=os.environ.get("TMPDIR")))
    home = settings.model_copy(update={"home": folder})
    found = []
    try:
        with spark_server.hold(home):
            for count in (1, copies):
                with step(f"Copying customers {count} times"):
                    _copy(settings, home, count)
                    _register(home)
                if count == 1:
                    _features(home, night, 1)
                found.append(
                    _seconds(say.format(count), partial(_features, home, night, 1)) | {"copies": count}
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def measure(settings: Settings, copies: int) -> dict[str, Any]:
    """Build the last night again, then everything anew, then features of one to ten as-of dates."""
    from alluvium.job import finished_nights, run_job
    from alluvium.spark import spark_server

    nights = finished_nights(settings)
    if not nights:
        raise AlluviumError("There is no finished night to build again", do="Run `alluvium demo` first")
    night = nights[-1]["run_date"]

    def build(**options: str) -> None:
        run_job("warehouse.build", night, options, settings)

    with spark_server.hold(settings):
        figures = [
            _seconds("night, cold", build),
            _seconds("full refresh", partial(build, full_refresh="true")),
            _seconds("night", build),
        ]
        dates = [
            _seconds(f"features of {count} as-of dates", partial(_features, settings, night, count))
            for count in AS_OF_DATES
        ]
    many = _copies(settings, night, copies, "features of {} times the customers") if copies > 1 else []
    seconds = {figure["what"]: figure["seconds"] for figure in figures}
    return {
        "run_date": night,
        "figures": [{**each, "allowed": ALLOWED.get(each["what"])} for each in (*figures, *dates, *many)],
        "night_of_full_refresh": round(seconds["night"] / seconds["full refresh"], 3),
        "ten_dates_of_one": round(dates[-1]["seconds"] / dates[0]["seconds"], 2),
        "times_the_customers": round(many[-1]["seconds"] / many[0]["seconds"], 2) if many else None,
    }


def warehouse(
    copies: Annotated[int, typer.Option(min=1, help="Features also of so many times the customers.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Build the last night again, then everything anew, then features of one to ten as-of dates.

    The lake holds the same rows afterwards. Copies of customers lie in a folder that is removed.
    """
    settings = get_settings()
    found = measure(settings, copies)
    target = keep(found, "bench_warehouse", settings.reports)
    if as_json:
        print_json(found)
        return
    shown = [[each["what"], each["seconds"], each["allowed"]] for each in found["figures"]]
    table(f"The warehouse after the night of {found['run_date']}", ["what", "seconds", "allowed"], shown)
    console.print(
        f"A night is {found['night_of_full_refresh']:.0%} of a full refresh (25 % allowed); "
        f"ten as-of dates cost {found['ten_dates_of_one']} times one"
    )
    if copies > 1:
        console.print(
            f"{copies} times the customers cost {found['times_the_customers']} times one (12 allowed)"
        )
    err.print(f"[dim]Kept in {target}[/]")
