"""`alluvium identity evaluate`: how good the clusters are, against a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.identity.lake import Json, Tier, ask, check_tier
from alluvium.console import print_json, table
from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    import polars as pl


def _truth(file: Path, settings: Settings) -> pl.DataFrame:
    """The truth with record keys instead of ids: record_key, person_id."""
    import polars as pl

    from alluvium import keys

    if not file.is_file():
        raise UsageError(
            "There is no such truth file", where=str(file), do="The demo writes truth/records.parquet"
        )
    rows = pl.read_parquet(file)
    if missing := {"source", "source_id", "person_id"} - set(rows.columns):
        raise UsageError(f"The truth lacks the columns {', '.join(sorted(missing))}", where=str(file))
    secret = keys.load_secret(keys.key_file(settings))
    ids = zip(rows["source"], rows["source_id"].cast(pl.String), strict=True)
    found = [keys.record_key(source, record_id, secret) for source, record_id in ids]
    named = rows.select(pl.Series("record_key", found, dtype=pl.String), pl.col("person_id").cast(pl.String))
    return named.drop_nulls().unique("record_key")


def evaluate(
    truth: Annotated[Path, typer.Option(help="Parquet: source, source_id, person_id")],
    tier: Tier = "strict",
    as_json: Json = False,
) -> None:
    """Score the clusters against a known truth. Prints ids and figures, no personal data."""
    from spark_jobs.identity.evaluate import measure

    check_tier(tier)
    settings = get_settings()
    query = "select record_key, customer_id from identity.customer_records where is_current and tier = ?"
    figures = {"tier": tier} | measure(ask(settings, query, [tier]), _truth(truth, settings))
    if as_json:
        print_json(figures)
        return
    _show_figures(figures)


def _show_figures(figures: dict[str, Any]) -> None:
    counts = (
        "records",
        "people",
        "customers",
        "largest_customer",
        "records_without_truth",
        "truth_without_record",
    )
    table(
        f"Tier {figures['tier']}", ["", "count"], [[name.replace("_", " "), figures[name]] for name in counts]
    )
    scores = [[name, *figures[name].values()] for name in ("pairwise", "b_cubed")]
    table(None, ["", "precision", "recall", "F1"], scores)
    if figures["worst_customers"]:
        rows = [list(row.values()) for row in figures["worst_customers"]]
        table(
            "Customers with records of several people", ["customer", "records", "people", "strangers"], rows
        )
    if figures["most_scattered_people"]:
        spread = [
            [", ".join(row["customer_ids"]), row["records"]] for row in figures["most_scattered_people"]
        ]
        table("People spread over several customers", ["customers", "records"], spread)
