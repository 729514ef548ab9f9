"""What the lists are worth, on tables of a few rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from spark_jobs.report.lake import Lake
from spark_jobs.report.sections.recommendation_worth import blocks, by_rank

NIGHT = date(2017, 11, 2)
RACE = {
    "windows": {"test": {"first_day": "2017-10-02", "end": "2017-11-01"}},
    "placements": {
        "buy_again": {"shown": {"by_rank": [{"rank": 1, "spend": 50.0}, {"rank": 2, "spend": 25.0}]}},
        "discover": {"shown": {}},
    },
}


def result(model: str, run_date: date, customers: int, revenue: float) -> dict[str, Any]:
    return {
        "run_date": run_date, "window_days": 1, "placement": "buy_again", "model": model,
        "customers": customers, "rows_shown": 20 * customers, "rows_viewed": customers, "rows_bought": 2,
        "customers_bought": 1, "corrected_view_rate": 0.1, "revenue_per_customer": revenue,
        "revenue_error": 0.5,
    }  # fmt: skip


@pytest.fixture
def lake(settings) -> Lake:
    shown = {"customer_id": "C1", "placement": "buy_again", "model": "ease", "run_date": NIGHT}
    tables = {
        "published/recommendations": [
            {**shown, "rank": 1, "product_id": "p1"},
            {**shown, "rank": 2, "product_id": "p2"},
            {**shown, "rank": 11, "product_id": "p2"},
        ],
        "gold/products": [
            {"product_id": "p1", "brand": "Private"},
            {"product_id": "p2", "brand": "National"},
        ],
        "gold/order_lines": [{"customer_id": "C1", "product_id": "p2"}] * 2,
    }
    for path, rows in tables.items():
        (settings.lake / path).parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(str(settings.lake / path), pa.Table.from_pylist(rows))
    return Lake(settings, NIGHT)


def test_money_adds_up_down_the_list_and_an_older_race_has_none():
    assert [(row["rank"], row["spend"]) for row in by_rank(RACE)] == [(1, 50.0), (2, 75.0)]
    assert by_rank({}) == []


def test_shares_are_of_the_first_ten_places(lake):
    _, shares = blocks(lake, RACE)
    assert shares.rows == [["buy again", "50.0 %", "50.0 %", "0.0 %"]]


def test_nights_are_added_up_by_their_customers(lake):
    rows = [
        result("ease", date(2017, 11, 1), 10, 4.0),
        result("ease", date(2017, 10, 31), 30, 8.0),
        result("ease", date(2017, 9, 1), 30, 99.0),  # too long ago
    ]
    write_deltalake(str(lake.settings.lake / "published/recommendation_results"), pa.Table.from_pylist(rows))
    [line] = blocks(lake, RACE)[-1].rows
    assert line[:4] == ["buy again", "ease", 1, 40]
    # (10 * 4 + 30 * 8) / 40, and 1.96 * sqrt((0.5 * 10)² + (0.5 * 30)²) / 40
    assert line[-1] == "7.00 ± 0.77"
