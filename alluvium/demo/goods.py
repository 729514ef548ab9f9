"""What the web shop shows and sells: lines of real baskets, by the time at which they were sold.

A visit looks only at what has been sold before it: nothing on the web tells of purchases to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from alluvium.demo.days import local_time
from alluvium.demo.journey import Journey
from alluvium.demo.till import money

NOT_ON_THE_WEB = ("FUEL", "MISCELLANEOUS", "COUPON", "POSTAL CENTER", "CHARITABLE CONT", "CNTRL/STORE SUP")
MOST_PIECES = 24
RECENT_MICROSECONDS = 30 * 86_400 * 1_000_000
LINES_IN_WEB_BASKET = (2, 40)
# A web order and the visit before it lie on the local day of its basket.
EARLIEST_SECOND_OF_DAY = 90 * 60


@dataclass(frozen=True)
class Goods:
    """lines: all real lines by time, with what a web event says of them; positions are row numbers in it.

    shown: positions of lines that can be shown, whose amount is a whole number of cents a piece.
    baskets: one row per basket in the order of time, with its first position and number of lines.
    """

    lines: pl.DataFrame
    sold_at: np.ndarray
    shown: np.ndarray
    shown_sold_at: np.ndarray
    baskets: pl.DataFrame

    def recently_sold(self, moments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """For each moment (microseconds) the position of a line of the 30 days before it, by popularity."""
        end = np.searchsorted(self.shown_sold_at, moments)
        start = np.searchsorted(self.shown_sold_at, moments - RECENT_MICROSECONDS)
        drawn = start + np.floor(rng.random(len(moments)) * np.maximum(end - start, 1)).astype(np.int64)
        return self.shown[np.minimum(drawn, len(self.shown) - 1)]


def goods(journey: Journey) -> Goods:
    """Prepare the real lines for the web."""
    pieces = pl.col("quantity")
    can_show = (
        pieces.is_between(1, MOST_PIECES)
        & (pl.col("cents") > 0)
        & (pl.col("cents") % pl.max_horizontal(pieces, 1) == 0)
        & pl.col("product_type").is_not_null()
        & pl.col("product_category").is_not_null()
        & ~pl.col("department").is_in(NOT_ON_THE_WEB)
    )
    catalogue = journey.products.select(
        "product_id", "department", "brand", "product_category", "product_type", "package_size"
    )
    lines = (
        journey.lines.join(catalogue, on="product_id", how="left", maintain_order="left")
        .with_columns(can_show=can_show.fill_null(False))
        .with_columns(price_cents=pl.when("can_show").then(pl.col("cents") // pl.max_horizontal(pieces, 1)))
    )
    shown = lines["can_show"].to_numpy().nonzero()[0]
    sold_at = lines["sold_at"].to_physical().to_numpy()
    return Goods(lines, sold_at, shown, sold_at[shown], _baskets(lines))


def _baskets(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of a basket stand together, because a basket has one time."""
    fewest, most = LINES_IN_WEB_BASKET
    local = local_time(pl.col("sold_at"))
    second = local.dt.hour().cast(pl.Int32) * 3600 + local.dt.minute().cast(pl.Int32) * 60
    return (
        lines.with_row_index("position")
        .group_by("basket_id", maintain_order=True)
        .agg(
            pl.col("household_id", "sold_at", "local_day", "position").first(),
            count_lines=pl.len(),
            is_all_shown=pl.col("can_show").all(),
        )
        .with_columns(
            can_be_web=pl.col("is_all_shown")
            & pl.col("count_lines").is_between(fewest, most)
            & (second >= EARLIEST_SECOND_OF_DAY)
        )
    )


def product_json(quantity: pl.Expr) -> pl.Expr:
    """The members of a product object, in Segment's names; real product texts hold no quotes."""
    name = pl.concat_str(pl.col("product_type"), pl.col("package_size"), separator=" ", ignore_nulls=True)
    return pl.format(
        '"product_id":{},"sku":"{}","name":"{}","category":"{}","brand":"{}","price":{},"quantity":{}',
        pl.col("product_id"),
        pl.col("product_id"),
        name,
        pl.col("product_category"),
        pl.col("brand"),
        money("price_cents"),
        quantity,
    )
