"""Bought bands of the households (CSV), and real campaigns, coupons and redemptions (Parquet)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import polars as pl

from alluvium.demo.batch import Batch, Batches, Counts, text
from alluvium.demo.breakage import Amounts, Breakage, Row, csv_lines, plant, put, swap, typed_rows
from alluvium.demo.days import HISTORY_DAY, LAST_DAY
from alluvium.demo.dice import dice
from alluvium.demo.journey import Journey

DEMOGRAPHICS_HEADER = (
    "loyalty_card,age_band,income_band,home_ownership,"
    "marital_status,household_size,household_type,kids_count,provenance"
)
CARD = pl.col("household_id").cast(pl.String).alias("loyalty_card")
REAL = pl.lit("real").alias("provenance")


def _other_card(row: Row, number: int) -> None:
    row["loyalty_card"] = f"X{number}"


DEMOGRAPHICS_BREAKAGE = Breakage(
    amounts=Amounts(broken=(6, 0), duplicates=(3, 0)),
    rekey=_other_card,
    spoils=(put("loyalty_card", ""), put("provenance", "unknown")),
    is_cut_off=True,
)
CAMPAIGNS_BREAKAGE = Breakage(
    amounts=Amounts(broken=(8, 2), duplicates=(4, 1)),
    rekey=_other_card,
    spoils=(put("campaign_type", "Type Z"), put("loyalty_card", None), swap("starts_on", "ends_on")),
)
REDEMPTIONS_BREAKAGE = Breakage(
    amounts=Amounts(broken=(6, 1), duplicates=(4, 1)),
    rekey=_other_card,
    spoils=(put("redeemed_on", date(2031, 1, 1)), put("campaign_id", None), put("loyalty_card", None)),
)
COUPONS_BREAKAGE = Breakage(
    amounts=Amounts(broken=(10, 0), duplicates=(0, 0)),
    rekey=lambda row, number: row.update(coupon_upc=900_000_000_000 + number),
    spoils=(put("coupon_upc", None), put("product_id", None), put("campaign_id", None)),
)


def demographics(journey: Journey, seed: int) -> Batches:
    """The bands as they were bought once, for a third of the households."""
    rows = journey.demographics.select(CARD, pl.exclude("household_id"), REAL)
    rng = dice(seed, "broken demographics")
    body = rows.write_csv(include_header=False).splitlines()
    lines, counts = plant(body, csv_lines(DEMOGRAPHICS_HEADER), DEMOGRAPHICS_BREAKAGE, HISTORY_DAY, rng)
    files = (("demographics.csv", text(lines, DEMOGRAPHICS_HEADER)),)
    yield Batch("thirdparty", "demographics", HISTORY_DAY, files, counts)


def campaigns(journey: Journey, seed: int, last_day: date) -> Batches:
    """Who received which campaign, on the day on which it starts."""
    rows = journey.campaigns.select(
        pl.col("campaign_id").cast(pl.Int32),
        CARD,
        "campaign_type",
        pl.col("start_date").dt.date().alias("starts_on"),
        pl.col("end_date").dt.date().alias("ends_on"),
        REAL,
    )
    yield from _by_day("campaigns", rows, "starts_on", CAMPAIGNS_BREAKAGE, seed, last_day)


def redemptions(journey: Journey, seed: int, last_day: date) -> Batches:
    """Coupons handed in, on their day; Complete Journey gives these days in local time."""
    rows = journey.redemptions.select(
        CARD,
        "coupon_upc",
        pl.col("campaign_id").cast(pl.Int32),
        pl.col("redemption_date").dt.date().alias("redeemed_on"),
        REAL,
    )
    yield from _by_day("redemptions", rows, "redeemed_on", REDEMPTIONS_BREAKAGE, seed, last_day)


def coupons(journey: Journey, seed: int) -> Batches:
    """Every coupon of the year, once; the real table repeats 4,872 rows, and is delivered as it is."""
    rows = journey.coupons.select("coupon_upc", "product_id", pl.col("campaign_id").cast(pl.Int32), REAL)
    yield _parquet("coupons", rows, HISTORY_DAY, COUPONS_BREAKAGE, seed)


def _by_day(
    entity: str, rows: pl.DataFrame, day: str, breakage: Breakage, seed: int, last_day: date
) -> Batches:
    arrived = rows.with_columns(run_date=pl.max_horizontal(pl.col(day), pl.lit(HISTORY_DAY)))
    days = arrived.partition_by("run_date", as_dict=True, include_key=False)
    for (run_date,), part in sorted(days.items()):
        if run_date <= min(last_day, LAST_DAY):
            yield _parquet(entity, part, run_date, breakage, seed)


def _parquet(entity: str, rows: pl.DataFrame, run_date: date, breakage: Breakage, seed: int) -> Batch:
    rng = dice(seed, f"broken {entity} {run_date}")
    items, counts = plant(rows.to_dicts(), typed_rows(), breakage, run_date, rng)
    repeated = rows.height - rows.unique().height
    counted = Counts(counts.rows, counts.broken, counts.duplicates + repeated, counts.conflicts)
    content = _parquet_bytes(items, rows.schema)
    return Batch("marketing", entity, run_date, ((f"{entity}.parquet", content),), counted)


def _parquet_bytes(items: Sequence[Row], schema: pl.Schema) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(items, schema=schema).write_parquet(buffer, compression="snappy")
    return buffer.getvalue()
