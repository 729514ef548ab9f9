"""`alluvium identity evaluate`: how good the clusters are, against a known truth or by the model itself."""

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

    from alluvium.privacy import keys

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
    truth: Annotated[Path | None, typer.Option(help="Parquet: source, source_id, person_id")] = None,
    tier: Tier = "strict",
    baseline: Annotated[
        str | None, typer.Option(help="`recordlinkage`: its comparators and ECM over the same pairs")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score the clusters: against a known truth, or else by the model's own probabilities.

    Prints ids and figures, no personal data.
    """
    check_tier(tier)
    if baseline not in (None, "recordlinkage"):
        raise UsageError(f"There is no baseline {baseline!r}", do="It is recordlinkage")
    settings = get_settings()
    known = _truth(truth, settings) if truth else None
    figures = {"tier": tier} | _measured(settings, tier, known, baseline is not None)
    if as_json:
        print_json(figures)
        return
    _show_figures(figures)


def _measured(settings: Settings, tier: str, truth: pl.DataFrame | None, with_rival: bool) -> dict[str, Any]:
    from alluvium.lake import lake_sql
    from spark_jobs.identity import evaluate, rules

    query = "select record_key, customer_id from identity.customer_records where is_current and tier = ?"
    clusters = ask(settings, query, [tier])
    figures = evaluate.measure(clusters, truth) if truth is not None else {}
    figures |= {"sizes": evaluate.sizes(clusters), "expected": _expected(settings)}
    if truth is None and not with_rival:
        return figures
    from spark_jobs.identity import second_opinion

    view = lake_sql.View(settings, with_pii=True)
    records = lake_sql.ask(view, "select * from pii.identity_records").pl()
    return figures | second_opinion.compare(records, clusters, truth, rules.in_force(settings), with_rival)


def _expected(settings: Settings) -> dict[str, Any]:
    """What the model of the last run says of its own strict clusters of records with a name."""
    import json

    from alluvium import catalog
    from alluvium.lake import ledger

    runs = sorted(ledger.rows(catalog.IDENTITY_RUNS, settings), key=lambda row: row["finished_at"])
    counts = json.loads(runs[-1]["counts"]) if runs else {}
    return {name: counts.get(f"expected_{name}") for name in ("precision", "recall")}


def _show_figures(figures: dict[str, Any]) -> None:
    counts = (
        "records",
        "people",
        "customers",
        "largest_customer",
        "records_without_truth",
        "truth_without_record",
        "pairs_compared",
        "blocking_recall",
    )
    rows = [[name.replace("_", " "), figures[name]] for name in counts if name in figures]
    if rows:
        table(f"Tier {figures['tier']}", ["", "figure"], rows)
    if "pairwise" in figures:
        scores = [[name, *figures[name].values()] for name in ("pairwise", "b_cubed")]
        table(None, ["", "precision", "recall", "F1"], scores)
    expected = figures["expected"]
    table("By the model, named records", ["expected precision", "expected recall"], [list(expected.values())])
    table("Sizes", ["records", "customers"], [[row["records"], row["customers"]] for row in figures["sizes"]])
    _show_rival(figures.get("named_records", {}))
    _show_worst(figures)


def _show_rival(named: dict[str, dict[str, Any]]) -> None:
    if not named:
        return
    columns = ["system", "customers", "largest"]
    rows = [[name, each["customers"], each["largest_customer"]] for name, each in named.items()]
    if "pairwise" in next(iter(named.values())):
        columns += ["precision", "recall", "F1", "B-cubed F1"]
        rows = [
            [*row, *each["pairwise"].values(), each["b_cubed"]["f1"]]
            for row, each in zip(rows, named.values(), strict=True)
        ]
    table("Named records, same candidate pairs", columns, rows)


def _show_worst(figures: dict[str, Any]) -> None:
    if figures.get("worst_customers"):
        rows = [list(row.values()) for row in figures["worst_customers"]]
        table(
            "Customers with records of several people", ["customer", "records", "people", "strangers"], rows
        )
    if figures.get("most_scattered_people"):
        spread = [
            [", ".join(row["customer_ids"]), row["records"]] for row in figures["most_scattered_people"]
        ]
        table("People spread over several customers", ["customers", "records"], spread)
