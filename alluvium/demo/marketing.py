"""Bought bands of the households (CSV), and real campaigns, coupons and redemptions (Parquet)."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import polars as pl

from alluvium.demo.batch import Batches, text
from alluvium.demo.breakage import Amounts, Breakage, Row, csv_lines, put, swap, typed_rows
from alluvium.demo.daily import Entity, daily
from alluvium.demo.days import HISTORY_DAY
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


DEMOGRAPHICS = Entity(
    "thirdparty",
    "demographics",
    "demographics.csv",
    csv_lines(DEMOGRAPHICS_HEADER),
    DEMOGRAPHICS_BREAKAGE,
    lambda lines: text(lines, DEMOGRAPHICS_HEADER),
)


def demographics(journey: Journey, seed: int) -> Batches:
    """The bands as they were bought once, for a third of the households."""
    rows = journey.demographics.select(CARD, pl.exclude("household_id"), REAL)
    body = rows.write_csv(include_header=False).splitlines()
    yield from daily(DEMOGRAPHICS, ((HISTORY_DAY, line) for line in body), seed, HISTORY_DAY)


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
    entity = _entity("campaigns", CAMPAIGNS_BREAKAGE, rows.schema)
    yield from daily(entity, zip(rows["starts_on"], rows.to_dicts(), strict=True), seed, last_day)


def redemptions(journey: Journey, seed: int, last_day: date) -> Batches:
    """Coupons handed in, on their day; Complete Journey gives these days in local time."""
    rows = journey.redemptions.select(
        CARD,
        "coupon_upc",
        pl.col("campaign_id").cast(pl.Int32),
        pl.col("redemption_date").dt.date().alias("redeemed_on"),
        REAL,
    )
    entity = _entity("redemptions", REDEMPTIONS_BREAKAGE, rows.schema)
    yield from daily(entity, zip(rows["redeemed_on"], rows.to_dicts(), strict=True), seed, last_day)


def coupons(journey: Journey, seed: int) -> Batches:
    """Every coupon of the year, once; the real table repeats 4,872 rows, and is delivered as it is."""
    rows = journey.coupons.select("coupon_upc", "product_id", pl.col("campaign_id").cast(pl.Int32), REAL)
    entity = _entity("coupons", COUPONS_BREAKAGE, rows.schema)
    repeated = rows.height - rows.unique().height
    for batch in daily(entity, ((HISTORY_DAY, row) for row in rows.to_dicts()), seed, HISTORY_DAY):
        yield replace(batch, counts=replace(batch.counts, duplicates=batch.counts.duplicates + repeated))


def _entity(entity: str, breakage: Breakage, schema: pl.Schema) -> Entity[Row]:
    def write(items: list[Row]) -> bytes:
        buffer = io.BytesIO()
        pl.DataFrame(items, schema=schema).write_parquet(buffer, compression="snappy")
        return buffer.getvalue()

    return Entity("marketing", entity, f"{entity}.parquet", typed_rows(), breakage, write)
