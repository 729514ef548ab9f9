"""The lists of some customers: their candidates after rules and consent, filled up for everybody.

Pure and per customer, so that the driver may do all customers at once and Spark a batch at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from spark_jobs.publish.merchandising import restrictions
from spark_jobs.publish.merchandising.restrictions import Restriction
from spark_jobs.publish.reason_texts import reason_text

SHOWN = 20
DISCOVER = "discover"
# Everybody has a full list of these; cart is for who has an open cart, as long as its candidates reach.
PLACEMENTS = ("buy_again", DISCOVER, "home")
POPULARITY = "popularity"
PROVED_BY_EVIDENCE = ("goes_with", "goes_with_cart")
POPULAR, POPULAR_NEARBY, NO_CONSENT = "popular", "popular_nearby", "no_consent"
EVERYWHERE = ""
# A candidate beyond this rank is a new product to be tried; its place in the list is the rest of the rank.
TRIED_BEYOND = 1000
PLACE = ["customer_id", "placement"]
ITEM = [*PLACE, "product_id"]
FACTS = {
    "score": pl.Float64,
    "reason_code": pl.String,
    "evidence_product_id": pl.String,
    "interval_days": pl.Int32,
    "model": pl.String,
    "model_version": pl.String,
}
RESTRICTED = {"product_id": pl.String, "rule": pl.Int64}
BOOSTED = {"product_id": pl.String, "places": pl.Int32}
SCHEMA = {"customer_id": pl.String, "placement": pl.String, "product_id": pl.String, "rank": pl.Int32} | FACTS


@dataclass(frozen=True)
class Shelf:
    """What may be shown to anybody tonight.

    `products` has product_id, product_name; `popular` region, product_id, product_name, count_customers and
    rank (1, 2, ... within the region); the region EVERYWHERE is all of them. `restricted` has product_id and
    rule, the place in `restrictions` of what keeps the product from some; `boosts` product_id and places.
    """

    products: pl.DataFrame
    popular: pl.DataFrame
    restrictions: list[Restriction] = field(default_factory=list)
    restricted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RESTRICTED))
    boosts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BOOSTED))


def shelf(
    products: pl.DataFrame,
    popular: pl.DataFrame,
    nearby: pl.DataFrame,
    restricted: pl.DataFrame | None = None,
) -> Shelf:
    """The popular products without those that may not be shown to everybody, ranked without gaps."""
    everywhere = popular.with_columns(region=pl.lit(EVERYWHERE)).select(nearby.columns)
    named = pl.concat([everywhere, nearby]).join(products, on="product_id", how="inner")
    if restricted is not None:
        named = named.join(restricted, on="product_id", how="anti")
    position = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("region")
    ranked = named.sort("region", "rank").with_columns(rank=position)
    return Shelf(products, ranked.select("region", "rank", "product_id", "product_name", "count_customers"))


def places(customers: pl.DataFrame) -> pl.DataFrame:
    """One row per customer and placement that everybody has."""
    return customers.join(pl.DataFrame({"placement": PLACEMENTS}), how="cross")


def hidden(bought: pl.DataFrame) -> pl.DataFrame:
    """customer_id, placement, product_id: what a customer bought has no place in discover."""
    return bought.select("customer_id", pl.lit(DISCOVER).alias("placement"), "product_id")


def _first_of_place(rows: pl.DataFrame) -> pl.DataFrame:
    """The best SHOWN of each place, ranked without gaps."""
    ordered = rows.sort(*PLACE, "rank", "product_id")
    position = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(PLACE)
    return ordered.with_columns(rank=position).filter(pl.col("rank") <= SHOWN)


def allowed(
    candidates: pl.DataFrame, customers: pl.DataFrame, bought: pl.DataFrame, shown: Shelf
) -> pl.DataFrame:
    """The candidates without restricted products for whom they are not, and without such evidence."""
    if shown.restricted.is_empty():
        return candidates
    barred = restrictions.barred(shown.restrictions, shown.restricted, customers, bought)
    ids = shown.restricted.rename({"product_id": "barred_id"})
    kept_back = barred.join(ids, on="rule").select("customer_id", "barred_id").unique()
    who = ["customer_id", "barred_id"]
    kept = candidates.join(kept_back, left_on=["customer_id", "product_id"], right_on=who, how="anti")
    marked = kept.join(
        kept_back.with_columns(is_barred=True),
        left_on=["customer_id", "evidence_product_id"],
        right_on=who,
        how="left",
    )
    evidence = pl.when(pl.col("is_barred").is_null()).then("evidence_product_id")
    return marked.with_columns(evidence_product_id=evidence).drop("is_barred")


def _with_tried(ordered: pl.DataFrame, tried: pl.DataFrame) -> pl.DataFrame:
    """Put new products at the places that were drawn for them, and move the rest of the list down."""
    place = (pl.col("rank") - TRIED_BEYOND).cast(pl.Float64) - 0.5
    known = ordered.select(*ITEM, is_known=True)
    fresh = tried.join(known, on=ITEM, how="anti").with_columns(place=place)
    listed = ordered.with_columns(place=pl.col("rank").cast(pl.Float64))
    both = pl.concat([listed, fresh]).sort(*PLACE, "place", "product_id")
    position = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(PLACE)
    return both.with_columns(rank=position).filter(pl.col("rank") <= SHOWN).drop("place")


def personal(
    candidates: pl.DataFrame, customers: pl.DataFrame, shown: Shelf, unwanted: pl.DataFrame
) -> pl.DataFrame:
    """The best candidates of each place that may be shown there, boosted ones moved by their places."""
    kept = (
        candidates.join(customers.filter("is_personalised"), on="customer_id", how="semi")
        .join(shown.products, on="product_id", how="semi")
        .join(unwanted, on=ITEM, how="anti")
    )
    is_tried = pl.col("rank") > TRIED_BEYOND
    moved = pl.col("rank") - pl.col("places").fill_null(0)
    boosted = kept.filter(~is_tried).join(shown.boosts, on="product_id", how="left")
    ordered = _first_of_place(boosted.with_columns(rank=moved).drop("places"))
    return _with_tried(ordered, kept.filter(is_tried))


def filling(
    shown_at: pl.DataFrame, kept: pl.DataFrame, popular: pl.DataFrame, unwanted: pl.DataFrame
) -> pl.DataFrame:
    """Popular products of its region for the free ranks of every place.

    A place with n products that must not be repeated finds its rest among the first SHOWN + n popular ones.
    """
    taken = kept.group_by(PLACE).agg(count_kept=pl.len())
    barred = unwanted.group_by(PLACE).agg(count_hidden=pl.len())
    counts = pl.col("count_kept", "count_hidden").fill_null(0).cast(pl.Int32)
    free = (
        shown_at.join(taken, on=PLACE, how="left")
        .join(barred, on=PLACE, how="left")
        .with_columns(counts)
        .filter(pl.col("count_kept") < SHOWN)
        .with_columns(last_rank=SHOWN + pl.col("count_kept") + pl.col("count_hidden"))
    )
    near = popular.rename({"region": "popular_in"})
    is_near = pl.col("region") == pl.col("popular_in")
    pool = free.join_where(near, is_near, pl.col("rank") <= pl.col("last_rank"))
    fresh = pool.join(unwanted, on=ITEM, how="anti").join(kept, on=ITEM, how="anti")
    moved = _first_of_place(fresh).with_columns(rank=pl.col("rank") + pl.col("count_kept"))
    return moved.filter(pl.col("rank") <= SHOWN)


def _as_popular(filled: pl.DataFrame) -> pl.DataFrame:
    """The columns of SCHEMA for what everybody buys."""
    given = filled.with_columns(
        score=pl.col("count_customers").cast(pl.Float64),
        reason_code=pl.when(~pl.col("is_personalised"))
        .then(pl.lit(NO_CONSENT))
        .when(pl.col("region") == EVERYWHERE)
        .then(pl.lit(POPULAR))
        .otherwise(pl.lit(POPULAR_NEARBY)),
        model=pl.lit(POPULARITY),
    )
    nothing = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in given.columns]
    return given.with_columns(nothing).select(SCHEMA.keys())


def with_reasons(rows: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Add reason_text. Evidence that may not be shown any more is not mentioned."""
    evidence = products.rename({"product_id": "evidence_product_id", "product_name": "evidence_name"})
    named = rows.join(products, on="product_id", how="left").join(
        evidence, on="evidence_product_id", how="left"
    )
    is_proved = pl.col("evidence_name").is_not_null()
    is_unproved = pl.col("reason_code").is_in(PROVED_BY_EVIDENCE) & ~is_proved
    code = pl.when(is_unproved).then(pl.lit("similar_customers")).otherwise("reason_code")
    proved = pl.when(is_proved).then("evidence_product_id")
    settled = named.with_columns(reason_code=code, evidence_product_id=proved)
    columns = (pl.col(name) for name in ("reason_code", "product_name", "evidence_name", "interval_days"))
    return settled.with_columns(reason_text=reason_text(*columns))


def lists(
    customers: pl.DataFrame, candidates: pl.DataFrame, bought: pl.DataFrame, shown: Shelf
) -> pl.DataFrame:
    """SHOWN rows for every customer and placement, as long as the catalogue has so many.

    `customers` has customer_id, is_personalised, region, age_band, granted; `candidates` the columns of
    SCHEMA; `bought` customer_id, product_id. Gives the columns of published.recommendations without run_date,
    by customer, placement, rank.
    """
    unwanted = hidden(bought)
    offered = allowed(candidates, customers, bought, shown)
    kept = personal(offered, customers, shown, unwanted).select(SCHEMA.keys())
    everybody, everywhere = places(customers), pl.lit(EVERYWHERE).alias("region")
    # Where somebody lives is part of a person: who refused personalisation sees what everybody sees.
    at_home = everybody.filter("is_personalised", pl.col("region").is_not_null())
    near = _as_popular(filling(at_home, kept, shown.popular, unwanted))
    kept = pl.concat([kept, near])
    rest = _as_popular(filling(everybody.with_columns(everywhere), kept, shown.popular, unwanted))
    rows = with_reasons(pl.concat([kept, rest]), shown.products)
    return rows.drop("product_name", "evidence_name", "interval_days").sort(*PLACE, "rank")
