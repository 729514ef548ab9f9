"""`alluvium identity`: which records are the same customer, and how well that is decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(no_args_is_help=True, help="Who is who: show, evaluate.")

Json = Annotated[bool, typer.Option("--json", help="For programs")]
Tier = Annotated[str, typer.Option(help="exact, strict or loose")]
TIERS = ("exact", "strict", "loose")

RECORDS = """
    select record_key, source, record_kind, valid_from, valid_to, is_current
    from identity.customer_records where customer_id = ? and tier = ?
    order by is_current desc, source, record_key
"""
LINKS = """
    select record_key_1, record_key_2, rule, links.tier, probability, evidence
    from identity.links
    inner join identity.customer_records as records on record_key = record_key_1
    where customer_id = ? and records.tier = ? and is_current
    order by record_key_1, record_key_2, rule
"""
CHANGES = """
    select run_date, change, other_customer_id, record_key, cause, count_records
    from identity.changes where customer_id = ? and tier = ?
    order by run_date, change, other_customer_id, record_key
"""


def _ask(settings: Settings, query: str, parameters: list[Any]) -> pl.DataFrame:
    from alluvium import lake_sql

    return lake_sql.ask(lake_sql.View(settings), query, parameters).pl()


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


def _check_tier(tier: str) -> None:
    if tier not in TIERS:
        raise UsageError(f"There is no tier {tier!r}", do=f"It is one of {', '.join(TIERS)}")


@app.command(epilog="Example: alluvium identity evaluate --truth .alluvium/truth/records.parquet --json")
def evaluate(
    truth: Annotated[Path, typer.Option(help="Parquet: source, source_id, person_id")],
    tier: Tier = "strict",
    as_json: Json = False,
) -> None:
    """Score the clusters against a known truth. Prints ids and figures, no personal data."""
    from spark_jobs.identity.evaluate import measure

    _check_tier(tier)
    settings = get_settings()
    query = "select record_key, customer_id from identity.customer_records where is_current and tier = ?"
    figures = {"tier": tier} | measure(_ask(settings, query, [tier]), _truth(truth, settings))
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


@app.command(epilog="Example: alluvium identity show C0123456789abcdef")
def show(
    customer_id: Annotated[str, typer.Argument(help="An id of today or of any earlier night")],
    tier: Tier = "strict",
    as_json: Json = False,
) -> None:
    """Show the records of a customer, the links between them and what happened to the id."""
    _check_tier(tier)
    settings = get_settings()
    found = _story(settings, _today(settings, customer_id), tier)
    if not found["records"]:
        raise AlluviumError(
            f"There is no customer {customer_id} in the tier {tier}", do="`alluvium sql` finds ids"
        )
    if as_json:
        print_json({"asked_for": customer_id} | found)
        return
    _show_story(customer_id, found)


def _today(settings: Settings, customer_id: str) -> str:
    query = "select customer_id from identity.redirects where old_customer_id = ?"
    led = _ask(settings, query, [customer_id])
    return str(led["customer_id"][0]) if led.height else customer_id


def _story(settings: Settings, customer_id: str, tier: str) -> dict[str, Any]:
    """The customer's records of all times, links between those of today, and changes of the id."""
    records, links, changes = (
        _ask(settings, query, [customer_id, tier]).to_dicts() for query in (RECORDS, LINKS, CHANGES)
    )
    held = {row["record_key"] for row in records if row["is_current"]}
    inner = [row for row in links if row["record_key_2"] in held]
    return {"customer_id": customer_id, "records": records, "links": inner, "changes": changes}


def _show_story(asked_for: str, found: dict[str, Any]) -> None:
    if asked_for != found["customer_id"]:
        console.print(f"{asked_for} is {found['customer_id']} today.")
    for name in ("records", "links", "changes"):
        if rows := found[name]:
            table(
                name.capitalize(),
                [key.replace("_", " ") for key in rows[0]],
                [list(row.values()) for row in rows],
            )
