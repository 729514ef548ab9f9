from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from alluvium.demo.days import HISTORY_DAY, local_day
from alluvium.demo.deliveries import World
from alluvium.demo.dice import array_dice
from alluvium.demo.goods import goods
from alluvium.demo.land import LandingSummary
from alluvium.demo.steps import picks
from alluvium.demo.visits import ORDER

Message = dict[str, Any]


@pytest.fixture(scope="module")
def messages(small: tuple[Path, LandingSummary]) -> list[Message]:
    """Every message that can be read and has not been broken, once."""
    landing, _ = small
    lines = duckdb.sql(
        f"select distinct column0 from read_csv('{landing}/web/events/*/*.json.gz', header = false, "
        "columns = {'column0': 'varchar'}, delim = '\\x01', quote = '', escape = '', auto_detect = false) "
        "where json_valid(column0)"
    )
    opened = (json.loads(line, parse_float=Decimal) for (line,) in lines.fetchall())
    return [one for one in opened if not str(one["messageId"] or "x-").startswith("x-")]


@pytest.fixture(scope="module")
def orders(messages: list[Message]) -> list[Message]:
    return [one for one in messages if one.get("event") == "Order Completed"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_order_of_a_till_basket_has_its_lines_and_its_total(orders: list[Message], world: World) -> None:
    """Design section 4.9: the web adds a channel to an order of the till, and no money."""
    baskets = {
        str(basket): (total, set(products))
        for basket, total, products in world.journey.lines.group_by("basket_id")
        .agg(pl.col("cents").sum(), pl.col("product_id"))
        .iter_rows()
    }
    real = [order["properties"] for order in orders if order["provenance"] == "derived"]
    assert len(real) > 20
    for order in real:
        cents, products = baskets[order["order_id"]]
        assert order["total"] == order["revenue"] == Decimal(cents) / 100
        assert {line["product_id"] for line in order["products"]} == products
        assert sum(line["price"] * line["quantity"] for line in order["products"]) == order["total"]


def test_an_order_without_a_basket_is_nobodys_who_holds_a_card(orders: list[Message], world: World) -> None:
    """Otherwise a till customer's lifetime spend would not be the till's any more."""
    without = [order for order in orders if order["provenance"] == "synthetic"]
    cards = {account.user_id: account.person.card for account in world.web.accounts}
    assert without
    assert all(order["properties"]["order_id"].startswith("W-") for order in without)
    assert {cards[order["userId"]] for order in without if "userId" in order} <= {None}


def test_an_order_is_placed_before_its_basket_on_the_same_local_day(
    orders: list[Message], world: World
) -> None:
    sold = dict(world.journey.lines.select(pl.col("basket_id").cast(pl.String), "sold_at").iter_rows())
    days = dict(world.journey.lines.select(pl.col("basket_id").cast(pl.String), "local_day").iter_rows())
    for order in orders:
        if order["provenance"] == "derived":
            name = order["properties"]["order_id"]
            placed = moment(order["timestamp"]).replace(tzinfo=None)
            assert placed < sold[name]
            assert pl.Series([placed]).to_frame("t").select(local_day(pl.col("t"))).item() == days[name]


def test_no_visit_looks_at_what_is_sold_only_later(world: World) -> None:
    """A view that comes from a purchase to come would be a leak into every model."""
    shop = goods(world.journey)
    visits = world.traffic.events.join(world.traffic.setting.visits, on="visit")
    orders = visits.filter(pl.col("event") == "Order Completed")["visit"].unique()
    looked_at = visits.filter(pl.col("position").is_not_null() & ~pl.col("visit").is_in(orders.to_list()))
    sold_at = pl.Series(shop.sold_at).gather(looked_at["position"])
    assert looked_at.height > 500
    assert (sold_at <= looked_at["occurred_at"]).all()


def test_the_time_of_a_message_follows_from_its_other_three(messages: list[Message]) -> None:
    for one in messages[:2000]:
        corrected = moment(one["receivedAt"]) - (moment(one["sentAt"]) - moment(one["originalTimestamp"]))
        assert abs(corrected - moment(one["timestamp"])) <= timedelta(milliseconds=2)
        assert moment(one["timestamp"]) <= moment(one["receivedAt"])


def test_some_clocks_are_wrong_and_some_messages_days_late(messages: list[Message]) -> None:
    skewed = [
        m for m in messages if abs(moment(m["sentAt"]) - moment(m["receivedAt"])) > timedelta(minutes=1)
    ]
    late = [m for m in messages if moment(m["receivedAt"]) - moment(m["timestamp"]) > timedelta(hours=12)]
    assert len(skewed) > 50
    assert len(late) > 20


def test_devices_log_in_and_shared_ones_log_several_people_in(messages: list[Message], world: World) -> None:
    users = defaultdict(set)
    for one in messages:
        if one["type"] == "identify":
            assert one["traits"]["lastName"]
            users[one["anonymousId"]].add(one["userId"])
    owners = {device.anonymous_id: device.person_id for device in world.web.devices}
    assert all(len(found) == 1 for device, found in users.items() if owners[device] is not None)
    assert any(device not in users for device in owners)
    assert max(Counter(owners[device] for device in users if owners[device]).values()) > 1


def test_carts_are_left_behind_in_the_week_before_every_night(messages: list[Message]) -> None:
    """The segment of those who carted and did not buy must have members, also in a small demo."""
    carts = defaultdict(set)
    for one in messages:
        carts[one.get("event")].add(one.get("properties", {}).get("cart_id"))
    abandoned = carts["Product Added"] - carts["Order Completed"]
    days = [
        moment(one["timestamp"]).date()
        for one in messages
        if one.get("event") == "Product Added" and one["properties"]["cart_id"] in abandoned
    ]
    for night in (HISTORY_DAY, date(2017, 11, 2), date(2017, 11, 6)):
        assert any(night - timedelta(days=7) < day <= night for day in days)


def test_orders_take_the_whole_basket(world: World) -> None:
    shop = goods(world.journey)
    real = pl.DataFrame(
        {"visit": [0], "kind": [ORDER], "basket": [shop.baskets["can_be_web"].arg_max()], "moment": [0]}
    )
    taken = picks(real, shop, array_dice(1, "test"))
    basket = shop.baskets[real["basket"][0]]
    assert taken.height == basket["count_lines"].item()
    assert taken["is_added"].all()
