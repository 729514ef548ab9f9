"""What happens in a visit, step by step. One row per visit and event."""

from __future__ import annotations

import numpy as np
import polars as pl

from alluvium.demo.goods import Goods
from alluvium.demo.visits import BOT, BROWSE, CART, NO_BASKET, ORDER, PASSING

PAGE, IDENTIFY = "page", "identify"
LISTED, SEARCHED, VIEWED = "Product List Viewed", "Products Searched", "Product Viewed"
ADDED, REMOVED, CART_VIEWED = "Product Added", "Product Removed", "Cart Viewed"
CHECKOUT, COMPLETED = "Checkout Started", "Order Completed"

# The order of steps within a visit; a view and its add-to-cart lie two apart for each product.
RANK = {
    PAGE: 0,
    IDENTIFY: 1,
    LISTED: 2,
    SEARCHED: 3,
    REMOVED: 8000,
    CART_VIEWED: 9000,
    CHECKOUT: 9001,
    COMPLETED: 9002,
}
FIRST_PRODUCT_RANK = 10

# How many products are looked at, as (fewest, mean on top of them, most).
LOOKED_AT = {BROWSE: (1, 2.2, 9), CART: (2, 2.5, 10), PASSING: (1, 1.2, 5), BOT: (8, 12.0, 40)}
ORDERED_WITHOUT_BASKET = (2, 2.5, 8)
SHARE_OF_OWN_BASKET = 0.5
SHARE_OF_ORDERED_VIEWED = 0.45
SHARE_LISTED, SHARE_SEARCHED = 0.7, 0.5
SHARE_REMOVED, SHARE_CART_VIEWED, SHARE_CHECKOUT = 0.10, 0.70, 0.30
SECONDS_BETWEEN_STEPS = (4, 45)


def picks(visits: pl.DataFrame, goods: Goods, rng: np.random.Generator) -> pl.DataFrame:
    """The products of each visit: visit, place (from 0), position (in goods.lines), is_viewed, is_added."""
    is_real_order = (pl.col("kind") == ORDER) & (pl.col("basket") != NO_BASKET)
    real = _baskets_lines(visits.filter(is_real_order), goods)
    drawn = _drawn_lines(visits.filter(~is_real_order), goods, rng)
    both = pl.concat([real, drawn]).sort("visit", "place")
    draw = pl.Series(rng.random(both.height))
    is_order = pl.col("kind") == ORDER
    in_cart = pl.col("place") < (pl.col("count_picks") + 1) // 2
    return both.with_columns(
        is_viewed=~is_order | (draw < SHARE_OF_ORDERED_VIEWED),
        is_added=is_order | ((pl.col("kind") == CART) & in_cart),
    )


def steps(visits: pl.DataFrame, picked: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Events in their order: visit, event, position (in goods.lines, or null), happened_at (microseconds)."""
    parts = [
        _once(visits, PAGE),
        _once(visits.filter("is_identified"), IDENTIFY),
        *_about_first_product(visits, picked, rng),
        _of_products(picked.filter("is_viewed"), VIEWED, 0),
        _of_products(picked.filter("is_added"), ADDED, 1),
        *_about_cart(visits, picked, rng),
    ]
    ordered = pl.concat(parts).sort("visit", "rank")
    return _with_times(ordered, visits, rng)


def _baskets_lines(orders: pl.DataFrame, goods: Goods) -> pl.DataFrame:
    chosen = goods.baskets[orders["basket"].to_numpy()]
    counts = chosen["count_lines"].to_numpy().astype(np.int64)
    place = _places(counts)
    position = np.repeat(chosen["position"].to_numpy().astype(np.int64), counts) + place
    return _picks_frame(orders, counts, place, position)


def _drawn_lines(others: pl.DataFrame, goods: Goods, rng: np.random.Generator) -> pl.DataFrame:
    """Half of the products of a visit after a basket come from that basket, the rest is what is popular."""
    counts = _how_many(others, rng)
    place = _places(counts)
    position = goods.recently_sold(np.repeat(others["moment"].to_numpy(), counts), rng)
    basket = np.repeat(others["basket"].to_numpy(), counts)
    from_basket = (basket != NO_BASKET) & (rng.random(len(basket)) < SHARE_OF_OWN_BASKET)
    bought = goods.baskets[np.where(from_basket, basket, 0)]
    lines = np.maximum(bought["count_lines"].to_numpy().astype(np.int64), 1)
    own = bought["position"].to_numpy().astype(np.int64) + np.floor(rng.random(len(basket)) * lines).astype(
        np.int64
    )
    can_show = goods.lines["can_show"].to_numpy()[own]
    return _picks_frame(others, counts, place, np.where(from_basket & can_show, own, position))


def _how_many(visits: pl.DataFrame, rng: np.random.Generator) -> np.ndarray:
    kinds = {**LOOKED_AT, ORDER: ORDERED_WITHOUT_BASKET}
    fewest, mean, most = (
        visits["kind"].replace_strict({k: v[i] for k, v in kinds.items()}).to_numpy() for i in range(3)
    )
    return np.minimum(fewest + rng.poisson(mean), most).astype(np.int64)


def _places(counts: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... for each group of so many rows."""
    starts = np.cumsum(counts) - counts
    return np.arange(counts.sum()) - np.repeat(starts, counts)


def _picks_frame(
    visits: pl.DataFrame, counts: np.ndarray, place: np.ndarray, position: np.ndarray
) -> pl.DataFrame:
    repeated = visits.select("visit", "kind")[np.repeat(np.arange(visits.height), counts)]
    return repeated.with_columns(
        place=pl.Series(place, dtype=pl.Int64),
        position=pl.Series(position, dtype=pl.Int64),
        count_picks=pl.Series(np.repeat(counts, counts), dtype=pl.Int64),
    )


def _once(visits: pl.DataFrame, event: str) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.Int64).alias("position")
    return visits.select("visit", pl.lit(event).alias("event"), nothing, pl.lit(RANK[event]).alias("rank"))


def _of_products(picked: pl.DataFrame, event: str, offset: int) -> pl.DataFrame:
    rank = FIRST_PRODUCT_RANK + 2 * pl.col("place").cast(pl.Int32) + offset
    return picked.select("visit", pl.lit(event).alias("event"), "position", rank.alias("rank"))


def _about_first_product(
    visits: pl.DataFrame, picked: pl.DataFrame, rng: np.random.Generator
) -> list[pl.DataFrame]:
    """People come to a product through its category or a search; bots go straight to it."""
    first = picked.filter((pl.col("place") == 0) & (pl.col("kind") != BOT))
    listed = first.filter(pl.Series(rng.random(first.height) < SHARE_LISTED))
    searched = first.filter(pl.Series(rng.random(first.height) < SHARE_SEARCHED))
    return [_at_rank(listed, LISTED), _at_rank(searched, SEARCHED)]


def _about_cart(visits: pl.DataFrame, picked: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
    orders = visits.filter(pl.col("kind") == ORDER)
    carts = visits.filter(pl.col("kind") == CART)
    viewed = carts.filter(pl.Series(rng.random(carts.height) < SHARE_CART_VIEWED))
    checked_out = viewed.filter(pl.Series(rng.random(viewed.height) < SHARE_CHECKOUT / SHARE_CART_VIEWED))
    first = picked.filter((pl.col("kind") == CART) & (pl.col("place") == 0))
    removed = first.filter(pl.Series(rng.random(first.height) < SHARE_REMOVED))
    return [
        _at_rank(removed, REMOVED),
        _once(pl.concat([viewed, orders]), CART_VIEWED),
        _once(pl.concat([checked_out, orders]), CHECKOUT),
        _once(orders, COMPLETED),
    ]


def _at_rank(picked: pl.DataFrame, event: str) -> pl.DataFrame:
    return picked.select("visit", pl.lit(event).alias("event"), "position", pl.lit(RANK[event]).alias("rank"))


def _with_times(ordered: pl.DataFrame, visits: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Steps follow each other by seconds; an order's visit is timed so that it ends at its moment."""
    fewest, most = SECONDS_BETWEEN_STEPS
    gap = pl.Series(rng.integers(fewest * 1000, most * 1000, ordered.height)) * 1000
    timed = ordered.join(
        visits.select("visit", "kind", "moment"), on="visit", maintain_order="left"
    ).with_columns(gap=pl.when(pl.col("kind") == BOT).then(1_000_000).otherwise(gap))
    passed = pl.col("gap").cum_sum().over("visit") - pl.col("gap").first().over("visit")
    still_to_come = pl.when(pl.col("kind") == ORDER).then(passed.max().over("visit")).otherwise(0)
    return timed.with_columns(happened_at=pl.col("moment") + passed - still_to_come).select(
        "visit", "event", "position", "happened_at"
    )
