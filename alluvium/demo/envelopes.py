"""Steps of visits as Segment messages, one JSON object a line, written column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from alluvium.demo.devices import Web
from alluvium.demo.goods import Goods, product_json
from alluvium.demo.steps import (
    ADDED,
    CART_VIEWED,
    CHECKOUT,
    COMPLETED,
    IDENTIFY,
    LISTED,
    PAGE,
    REMOVED,
    SEARCHED,
    VIEWED,
)
from alluvium.demo.till import money
from alluvium.demo.visits import NO_BASKET, ORDER

CAMPAIGNS = ("newsletter", "weekly-flyer", "search-ads")
SHARE_FROM_CAMPAIGN = 0.06


@dataclass(frozen=True)
class Scene:
    """What the messages of a visit have in common; visits, devices and accounts by row number."""

    visits: pl.DataFrame
    orders: pl.DataFrame
    devices: pl.DataFrame
    accounts: pl.DataFrame
    lines: pl.DataFrame


def scene(
    visits: pl.DataFrame, picked: pl.DataFrame, web: Web, goods: Goods, rng: np.random.Generator
) -> Scene:
    """Prepare everything that is looked up while writing."""
    return Scene(
        visits=_visits(visits, goods, rng),
        orders=_orders(picked, goods),
        devices=pl.DataFrame(
            {
                "device": range(len(web.devices)),
                "anonymous_id": [device.anonymous_id for device in web.devices],
                "context": [device.context for device in web.devices],
                "is_app": [device.is_app for device in web.devices],
            },
            schema_overrides={"device": pl.Int64},
        ),
        accounts=pl.DataFrame(
            {
                "account": range(len(web.accounts)),
                "user_id": [account.user_id for account in web.accounts],
                "traits": [account.traits for account in web.accounts],
            },
            schema_overrides={"account": pl.Int64},
        ),
        lines=goods.lines,
    )


def messages(timed: pl.DataFrame, setting: Scene, rng: np.random.Generator) -> list[str]:
    """One line per step: visit, event, position, and original_at, sent_at, received_at, occurred_at."""
    products = setting.lines[timed["position"].fill_null(0).to_numpy()].select(
        "product_category",
        "product_type",
        product=product_json(pl.lit(1)),
        as_sold=product_json(pl.col("quantity")),
    )
    table = (
        pl.concat([timed, products], how="horizontal")
        .join(setting.visits, on="visit", how="left", maintain_order="left")
        .join(setting.orders, on="visit", how="left", maintain_order="left")
        .join(setting.devices, on="device", how="left", maintain_order="left")
        .join(setting.accounts, on="account", how="left", maintain_order="left")
        .with_columns(message_id=_message_ids(timed.height, rng))
    )
    return table.select(line=_line())["line"].to_list()


def _visits(visits: pl.DataFrame, goods: Goods, rng: np.random.Generator) -> pl.DataFrame:
    is_real = (pl.col("kind") == ORDER) & (pl.col("basket") != NO_BASKET)
    basket_id = goods.baskets["basket_id"].gather(visits["basket"].clip(0)).cast(pl.String)
    campaign = pl.Series(
        rng.choice(
            [*CAMPAIGNS, ""], visits.height, p=[SHARE_FROM_CAMPAIGN / 3] * 3 + [1 - SHARE_FROM_CAMPAIGN]
        )
    )
    carts = rng.permutation(np.arange(10_000_000, 10_000_000 + visits.height))
    return visits.select(
        "visit",
        "device",
        "account",
        "is_logged_in",
        order_id=pl.when(is_real).then(basket_id).otherwise(pl.format("W-{}", pl.col("visit") + 100_000)),
        cart_id=pl.format("cart-{}", pl.Series(carts)),
        campaign=campaign,
        provenance=pl.when(is_real).then(pl.lit("derived")).otherwise(pl.lit("synthetic")),
    )


def _orders(picked: pl.DataFrame, goods: Goods) -> pl.DataFrame:
    """Products, total and discount of each order's visit. The total is the basket's, to the cent."""
    ordered = picked.filter(pl.col("kind") == ORDER)
    lines = goods.lines[ordered["position"].to_numpy()].with_columns(
        visit=ordered["visit"], place=ordered["place"]
    )
    product = pl.concat_str(
        pl.lit("{"),
        product_json(pl.col("quantity")),
        pl.format(',"position":{}', pl.col("place") + 1),
        pl.lit("}"),
    )
    discount = pl.col("retail_cents") + pl.col("coupon_cents") + pl.col("match_cents")
    return (
        lines.with_columns(product=product, discount_cents=discount)
        .group_by("visit", maintain_order=True)
        .agg(pl.col("product").str.join(","), pl.col("cents", "discount_cents").sum())
        .select("visit", ordered_products="product", total=money("cents"), discount=money("discount_cents"))
    )


def _message_ids(count: int, rng: np.random.Generator) -> pl.Series:
    digits = rng.bytes(count * 10).hex()
    return pl.Series([digits[20 * n : 20 * n + 20] for n in range(count)], dtype=pl.String)


def _line() -> pl.Expr:
    is_call = pl.col("event").is_in([PAGE, IDENTIFY])
    page_call = pl.when("is_app").then(pl.lit("screen")).otherwise(pl.lit("page"))
    kind = (
        pl.when(pl.col("event") == PAGE)
        .then(page_call)
        .when(is_call)
        .then("event")
        .otherwise(pl.lit("track"))
    )
    event = pl.when(is_call).then(pl.lit("")).otherwise(pl.format(',"event":"{}"', pl.col("event")))
    user = pl.when("is_logged_in").then(pl.format(',"userId":"{}"', pl.col("user_id"))).otherwise(pl.lit(""))
    provenance = pl.when(pl.col("event") == COMPLETED).then("provenance").otherwise(pl.lit("synthetic"))
    pieces = (
        pl.lit('{"messageId":"'), pl.col("message_id"), pl.lit('","type":"'), kind, pl.lit('"'), event,
        pl.lit(',"anonymousId":"'), pl.col("anonymous_id"), pl.lit('"'), user, pl.lit(","), _body(),
        pl.lit(',"context":{'), _campaign(), pl.lit('"page":{"path":"'), _path(), pl.lit('"},'),
        pl.col("context"),
        pl.lit('},"originalTimestamp":"'), _time("original_at"), pl.lit('","sentAt":"'), _time("sent_at"),
        pl.lit('","receivedAt":"'), _time("received_at"), pl.lit('","timestamp":"'), _time("occurred_at"),
        pl.lit('","provenance":"'), provenance, pl.lit('"}'),
    )  # fmt: skip
    return pl.concat_str(*pieces)


def _time(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Datetime("us")).dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")


def _campaign() -> pl.Expr:
    named = pl.format('"campaign":{{"name":"{}","medium":"web"}},', pl.col("campaign"))
    return pl.when(pl.col("campaign") == "").then(pl.lit("")).otherwise(named)


def _is(*events: str) -> pl.Expr:
    return pl.col("event").is_in(events)


def _path() -> pl.Expr:
    product = pl.format("/product/{}", pl.col("product").str.extract(r'"product_id":(\d+)'))
    return (
        pl.when(_is(VIEWED, ADDED)).then(product)
        .when(_is(SEARCHED)).then(pl.lit("/search"))
        .when(_is(LISTED)).then(pl.lit("/category"))
        .when(_is(REMOVED, CART_VIEWED)).then(pl.lit("/cart"))
        .when(_is(CHECKOUT)).then(pl.lit("/checkout"))
        .when(_is(COMPLETED)).then(pl.format("/order/{}", pl.col("order_id")))
        .otherwise(pl.lit("/"))
    )  # fmt: skip


def _body() -> pl.Expr:
    """Traits of an identify call, properties of all others."""
    cart = pl.format('"cart_id":"{}"', pl.col("cart_id"))
    currency = pl.lit(',"currency":"USD"')
    price = pl.concat_str(cart, pl.lit(","), pl.col("as_sold"), currency)
    order = pl.format(
        '"order_id":"{}",{},"total":{},"revenue":{},"discount":{},"currency":"USD","products":[{}]',
        pl.col("order_id"), cart, pl.col("total"), pl.col("total"), pl.col("discount"),
        pl.col("ordered_products"),
    )  # fmt: skip
    properties = (
        pl.when(_is(SEARCHED)).then(pl.format('"query":"{}"', pl.col("product_type").str.to_lowercase()))
        .when(_is(LISTED)).then(pl.format('"category":"{}"', pl.col("product_category")))
        .when(_is(VIEWED)).then(pl.concat_str(pl.col("product"), currency))
        .when(_is(ADDED, REMOVED)).then(price)
        .when(_is(CART_VIEWED, CHECKOUT)).then(pl.concat_str(cart, currency))
        .when(_is(COMPLETED)).then(order)
        .otherwise(pl.lit(""))
    )  # fmt: skip
    is_identify = pl.col("event") == IDENTIFY
    traits = pl.concat_str(pl.lit('"traits":'), pl.col("traits"))
    return (
        pl.when(is_identify)
        .then(traits)
        .otherwise(pl.concat_str(pl.lit('"properties":{'), properties, pl.lit("}")))
    )
