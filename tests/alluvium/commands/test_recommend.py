"""`alluvium recommend` on a lake of three small tables, without Spark."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium.commands.recommend import app
from alluvium.errors import AlluviumError

YESTERDAY, TODAY = date(2017, 11, 1), date(2017, 11, 2)


def shown(rank: int, product_id: str, run_date: date = TODAY) -> dict[str, Any]:
    return {
        "customer_id": "C1",
        "placement": "buy_again",
        "rank": rank,
        "product_id": product_id,
        "score": 1.0,
        "reason_code": "bought_before",
        "reason_text": "You bought this before",
        "model": "ease",
        "run_date": run_date,
    }


def bought(product_id: str, day: int) -> dict[str, Any]:
    return {"customer_id": "C1", "product_id": product_id, "ordered_on": date(2017, 10, day), "amount": 1.5}


@pytest.fixture
def lake(settings):
    tables = {
        "published/recommendations": [shown(1, "p1"), shown(2, "p9"), shown(1, "p2", YESTERDAY)],
        "gold/products": [
            {"product_id": "p1", "product_name": "Milk 1 GA"},
            {"product_id": "p2", "product_name": "Bread"},
        ],
        "gold/order_lines": [bought("p2", 5), bought("p1", 5), bought("p1", 9)],
        "identity/redirects": [{"old_customer_id": "C0", "customer_id": "C1"}],
    }
    for path, rows in tables.items():
        (settings.lake / path).parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(str(settings.lake / path), pa.Table.from_pylist(rows))


def asked(*arguments: str) -> str:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False).stdout


def test_names_reasons_and_purchases_are_shown(lake):
    lines = [line.split() for line in asked("C1").splitlines()]
    assert ["1", "Milk", "1", "GA", "You", "bought", "this", "before"] in lines
    # A product that is in no list any more is shown by its number.
    assert ["2", "p9", "You", "bought", "this", "before"] in lines
    assert ["Milk", "1", "GA", "2", "2017-10-09", "3.00"] in lines
    assert ["Bread", "1", "2017-10-05", "1.50"] in lines


def test_programs_get_the_last_night_as_json(lake):
    answer = json.loads(asked("C1", "--json", "--top", "1"))
    assert [row["product_id"] for row in answer["recommendations"]] == ["p1"]
    assert [(row["product_name"], row["days_bought"]) for row in answer["bought"]] == [("Milk 1 GA", 2)]


def test_an_id_that_was_merged_leads_to_the_one_of_today(lake):
    assert json.loads(asked("C0", "--json"))["customer_id"] == "C1"


def test_a_stranger_is_an_error_that_says_what_to_do(lake):
    done = CliRunner().invoke(app, ["C7"])
    assert isinstance(done.exception, AlluviumError)
    assert "C7" in str(done.exception)
    assert "gold.customers" in str(done.exception)
