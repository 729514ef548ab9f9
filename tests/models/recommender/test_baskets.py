from __future__ import annotations

import pyarrow as pa

from models.recommender import baskets
from models.recommender.ranking import NOTHING
from tests.models.recommender.shopping import purchases

# Bread and butter are bought together five times, soap on days of its own; milk with everything.
BOUGHT = purchases(
    [("c", product, 7 * week) for week in range(1, 6) for product in ("bread", "butter", "milk")]
    + [("d", product, 7 * week + 1) for week in range(1, 6) for product in ("milk", "soap")]
)


def carts(*rows: tuple[str, str]):
    names = {"customer_id": pa.array([c for c, _ in rows], pa.string())}
    return pa.table(names | {"product_id": pa.array([p for _, p in rows], pa.string())})


def test_a_basket_is_what_one_customer_bought_on_one_day():
    assert baskets.shopping_days(BOUGHT).toarray().sum(axis=1).tolist() == [3.0] * 5 + [2.0] * 5


def test_what_is_bought_on_the_same_days_completes_a_cart_and_what_lies_in_it_does_not():
    customers, lying = baskets.open_carts(carts(("d", "bread"), ("c", "soap")), BOUGHT)
    found = baskets.complements(baskets.shopping_days(BOUGHT), lying, 3)
    names = [[BOUGHT.products[p] for p in row if p != NOTHING] for row in found.products]
    assert BOUGHT.customers[customers].tolist() == ["c", "d"]
    assert names == [["milk"], ["butter", "milk"]]


def test_the_reason_is_the_nearest_product_of_the_cart():
    _, lying = baskets.open_carts(carts(("d", "bread"), ("d", "soap")), BOUGHT)
    found = baskets.complements(baskets.shopping_days(BOUGHT), lying, 2)
    nearest = baskets.nearest_in_cart(baskets.shopping_days(BOUGHT), lying, found.products)
    pairs = {
        BOUGHT.products[p]: BOUGHT.products[n] for p, n in zip(found.products[0], nearest[0], strict=True)
    }
    assert pairs["butter"] == "bread"


def test_unknown_customers_and_products_have_no_cart():
    customers, lying = baskets.open_carts(carts(("nobody", "bread"), ("c", "nothing")), BOUGHT)
    assert len(customers) == lying.shape[0] == 0
    assert baskets.complements(baskets.shopping_days(BOUGHT), lying, 3).products.shape == (0, 3)
