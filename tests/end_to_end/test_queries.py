"""The example queries answer, and `customer show` prints a whole card, on the lake of the demo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alluvium.settings import CHECKOUT
from tests.end_to_end.conftest import Demo

QUERIES = sorted((CHECKOUT / "docs" / "queries").glob("*.sql"))


@pytest.mark.parametrize("query", QUERIES, ids=lambda file: file.stem)
def test_an_example_query_has_an_answer(demo: Demo, query: Path) -> None:
    assert demo.rows(query.read_text(encoding="utf-8"))


def test_a_file_is_asked_like_a_text(demo: Demo) -> None:
    done = demo.run("sql", str(QUERIES[0]), "--json")
    assert done.returncode == 0, done.stderr
    spent = demo.rows("select sum(order_total)::varchar from gold.orders")[0][0]
    assert sum(float(row["revenue"]) for row in json.loads(done.stdout)) == pytest.approx(float(spent))


def test_a_customers_card_has_values_with_their_provenance(demo: Demo) -> None:
    customer_id, email = demo.rows(
        "select customer_id, email from pii.customers where email_count_lost_values > 0 order by 1"
    )[0]
    done = demo.run("customer", "show", customer_id, "--lost", "--json")
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    golden = {row["attribute"]: row for row in card["values"]}
    assert golden["email"]["value"] == email
    assert golden["email"]["rule"] == "verified_first"
    lost = [row for row in card["lost"] if row["attribute"] == "email"]
    assert len(lost) == golden["email"]["count_lost_values"]
    assert card["summary"]["rfm_group"]
