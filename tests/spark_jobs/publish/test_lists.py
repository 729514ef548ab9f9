"""What each customer is shown, without Spark: the rules are plain frames."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from spark_jobs.publish.lists import BOOSTED, RESTRICTED, SCHEMA, TRIED_BEYOND, Shelf, lists, shelf
from spark_jobs.publish.merchandising.restrictions import Restriction

PRODUCTS = pl.DataFrame({"product_id": [f"p{n:02}" for n in range(1, 50)]}).with_columns(
    product_name=pl.lit("Product ") + pl.col("product_id")
)
POPULAR = pl.DataFrame(
    {"rank": range(1, 51), "product_id": [f"p{n:02}" for n in range(50)], "count_customers": range(50, 0, -1)}
)
NEARBY = pl.DataFrame(
    {
        "region": ["OH"] * 3,
        "rank": [1, 2, 3],
        "product_id": ["p00", "p40", "p01"],
        "count_customers": [9, 8, 7],
    }
)
SHELF = shelf(PRODUCTS, POPULAR, NEARBY)


def customers(**who: tuple[bool, str | None]) -> pl.DataFrame:
    schema = {"customer_id": pl.String, "is_personalised": pl.Boolean, "region": pl.String}
    named = pl.DataFrame([(name, *facts) for name, facts in who.items()], schema=schema, orient="row")
    return named.with_columns(age_band=pl.lit("25-34"), granted=pl.lit("profiling"))


def candidates(*rows: tuple[str, str, int, str, str, str | None]) -> pl.DataFrame:
    made = [(c, where, p, rank, 1.0, code, why, None, "ease", "1") for c, where, rank, p, code, why in rows]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


def bought(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"customer_id": pl.String, "product_id": pl.String}, orient="row")


def shown(rows: pl.DataFrame, placement: str) -> pl.DataFrame:
    return rows.filter(pl.col("placement") == placement).sort("rank")


def test_what_may_not_be_shown_leaves_no_gap_on_the_shelf():
    assert isinstance(SHELF, Shelf)
    at_home = SHELF.popular.filter(pl.col("region") == "OH")
    assert at_home.select("rank", "product_id").rows() == [(1, "p40"), (2, "p01")]


def test_a_new_customer_sees_what_is_popular_nearby_and_then_everywhere():
    rows = lists(customers(new=(True, "OH")), candidates(), bought(), SHELF)
    first = shown(rows, "home").head(3)
    assert first.select("product_id", "reason_code", "reason_text").rows() == [
        ("p40", "popular_nearby", "Popular near you"),
        ("p01", "popular_nearby", "Popular near you"),
        ("p02", "popular", "Popular with our customers"),
    ]
    assert shown(rows, "home")["product_id"].n_unique() == 20


def test_who_refused_sees_what_everybody_sees_wherever_they_live():
    offered = candidates(("c", "home", 1, "p30", "similar_customers", None))
    rows = lists(customers(c=(False, "OH")), offered, bought(), SHELF)
    assert shown(rows, "home")["product_id"].to_list() == [f"p{n:02}" for n in range(1, 21)]
    assert set(rows["reason_code"]) == {"no_consent"}


def test_a_cart_has_as_many_rows_as_candidates_and_only_where_there_are_some():
    offered = candidates(("c", "cart", 1, "p30", "goes_with_cart", "p31"))
    rows = lists(customers(c=(True, None), d=(True, None)), offered, bought(), SHELF)
    cart = shown(rows, "cart")
    assert cart.select("customer_id", "product_id", "reason_text").rows() == [
        ("c", "p30", "Goes with Product p31 in your cart")
    ]


@pytest.mark.parametrize("count_bought", [0, 10, 29])
def test_discover_is_full_and_new_however_much_was_bought(count_bought):
    owned = bought(*[("c", f"p{n:02}") for n in range(1, count_bought + 1)])
    discovered = shown(lists(customers(c=(True, "OH")), candidates(), owned, SHELF), "discover")
    assert discovered.height == discovered["product_id"].n_unique() == 20
    assert not set(discovered["product_id"]) & set(owned["product_id"])


def test_order_of_the_input_does_not_matter():
    offered = candidates(
        ("c", "home", 1, "p30", "similar_customers", None), ("c", "home", 2, "p31", "similar_customers", None)
    )
    people = customers(c=(True, "OH"), d=(True, None))
    one = lists(people, offered, bought(("c", "p02"), ("d", "p03")), SHELF)
    other = lists(people.reverse(), offered.reverse(), bought(("d", "p03"), ("c", "p02")), SHELF)
    assert one.equals(other)


def test_a_boosted_product_moves_up_by_its_places_and_none_is_added():
    offered = candidates(
        *(("c", "home", n, f"p{29 + n}", "similar_customers", None) for n in range(1, 5)),
    )
    boosted = pl.DataFrame({"product_id": ["p33", "p45"], "places": [2, 9]}, schema=BOOSTED)
    rows = lists(customers(c=(True, None)), offered, bought(), replace(SHELF, boosts=boosted))
    assert shown(rows, "home")["product_id"].to_list()[:5] == ["p30", "p31", "p33", "p32", "p01"]


def test_a_new_product_is_tried_at_its_place_unless_the_list_has_it():
    offered = candidates(
        ("c", "discover", 1, "p30", "similar_customers", None),
        ("c", "discover", TRIED_BEYOND + 3, "p40", "new_product", "p02"),
        ("d", "discover", 1, "p40", "similar_customers", None),
        ("d", "discover", TRIED_BEYOND + 3, "p40", "new_product", None),
    )
    rows = shown(lists(customers(c=(True, None), d=(True, None)), offered, bought(), SHELF), "discover")
    mine = rows.filter(customer_id="c")
    assert mine["product_id"].to_list()[:2] == ["p30", "p40"]
    assert mine["reason_text"][1] == "New, and of a kind that you buy: like Product p02"
    assert mine["rank"].to_list() == list(range(1, 21))
    assert rows.filter(customer_id="d")["product_id"].to_list().count("p40") == 1


ALCOHOL = Restriction(
    attribute="product_id", value="p30", reason="r", minimum_age=21, is_proved_by_purchase=True
)
PRIVATE = Restriction(attribute="product_id", value="p31", reason="r", purpose="personalisation")


@pytest.mark.parametrize(
    ("age_band", "granted", "owned", "seen"),
    [
        ("25-34", "profiling", [], ["p30", "p32"]),
        ("19-24", "profiling", [], ["p32"]),
        ("18 and under", "profiling", [], ["p32"]),
        (None, None, [], ["p32"]),
        (None, None, ["p30"], ["p30", "p32"]),  # the till asked
        (None, None, ["p31"], ["p32"]),
        ("65+", "ads personalisation", [], ["p30", "p31", "p32"]),
    ],
)
def test_restricted_products_are_for_whom_age_or_consent_is_known(age_band, granted, owned, seen):
    people = customers(c=(True, None)).with_columns(
        age_band=pl.lit(age_band, pl.String), granted=pl.lit(granted, pl.String)
    )
    offered = candidates(
        *(("c", "home", n, f"p{29 + n}", "similar_customers", None) for n in range(1, 4)),
        ("c", "buy_again", 1, "p32", "goes_with", "p31"),
    )
    restricted = pl.DataFrame({"product_id": ["p30", "p31"], "rule": [0, 1]}, schema=RESTRICTED)
    only = replace(
        shelf(PRODUCTS, POPULAR, NEARBY, restricted), restrictions=[ALCOHOL, PRIVATE], restricted=restricted
    )
    rows = lists(people, offered, bought(*(("c", product) for product in owned)), only)
    home = shown(rows, "home")["product_id"].to_list()
    assert [product for product in home if product in {"p30", "p31", "p32"}] == seen
    # What somebody may not be shown is no evidence either.
    evidence = shown(rows, "buy_again")["evidence_product_id"][0]
    assert evidence == ("p31" if "p31" in seen else None)


def test_nobody_is_shown_restricted_products_among_the_popular_ones():
    restricted = pl.DataFrame({"product_id": ["p01"], "rule": [0]}, schema=RESTRICTED)
    only = shelf(PRODUCTS, POPULAR, NEARBY, restricted)
    assert "p01" not in only.popular["product_id"].to_list()
