"""The warehouse's numbers, computed a second time from the landed files by other means and other words."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.end_to_end.conftest import Demo

AS_OF = date(2017, 11, 2)


@pytest.fixture(scope="module")
def till(demo: Demo) -> duckdb.DuckDBPyConnection:
    """`lines`: the real till lines as the files have them; `products`: the article master."""

    def files(entity: str) -> list[str]:
        found = Path(demo.settings.landing / "pos" / entity).glob("run_date=*/*.csv.gz")
        return sorted(str(file) for file in found if file.parent.name < f"run_date={AS_OF}")

    opened = duckdb.connect()
    everything = "read_csv(?, all_varchar = true, ignore_errors = true, null_padding = true)"
    opened.execute(
        f"""
        create table lines as select distinct
            basket_id, product_id, loyalty_card, amount::decimal(12, 2) as amount,
            (sold_at::timestamp at time zone 'UTC' at time zone 'America/New_York')::date as day
        from {everything} where provenance = 'real'
        """,
        [files("order_lines")],
    )
    opened.execute(
        f"create table products as select distinct product_id, department from {everything} "
        "where provenance = 'real'",
        [files("products")],
    )
    return opened


def test_active_households_of_each_month_are_those_of_the_files(
    demo: Demo, till: duckdb.DuckDBPyConnection
) -> None:
    raw = till.execute(
        "select strftime(day, '%Y-%m') as month, count(distinct loyalty_card) from lines "
        "group by 1 order by 1"
    ).fetchall()
    gold = demo.rows(
        "select strftime(ordered_on, '%Y-%m') as month, count(distinct record_key) from gold.orders "
        "where source = 'pos' group by 1 order by 1"
    )
    assert len(raw) == 11
    assert gold == raw


def test_revenue_of_each_department_is_that_of_the_files(demo: Demo, till: duckdb.DuckDBPyConnection) -> None:
    raw = till.execute(
        "select department, sum(amount) from lines left join products using (product_id) group by 1"
    ).fetchall()
    gold = demo.rows(
        "select department, sum(amount) from gold.order_lines left join gold.products using (product_id) "
        "where source = 'pos' group by 1"
    )
    assert len(raw) > 10
    assert dict(gold) == dict(raw)


def _households(demo: Demo) -> pl.DataFrame:
    """Which loyalty card is which customer's: card, customer_id."""
    found = demo.rows(
        "select source_id, customer_id from pii.record_keys inner join identity.customer_records "
        "using (record_key) where record_keys.source = 'pos' and tier = 'strict' and is_current"
    )
    return pl.DataFrame(found, schema=["card", "customer_id"], orient="row")


def _quintile(values: pl.Expr) -> pl.Expr:
    """1 to 5 by the share of the others who are lower; equals share a place."""
    share = (values.rank("min") - 1) / (pl.len() - 1)
    return (share * 5).floor().clip(0, 4).cast(pl.Int32) + 1


def _rfm(demo: Demo, till: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    baskets = till.execute(
        "select loyalty_card as card, basket_id, day, sum(amount) as total from lines group by all"
    ).pl()
    web = demo.rows(
        "select customer_id, order_id, ordered_on, order_total from gold.orders where source = 'shop'"
    )
    orders = pl.concat(
        [
            baskets.join(_households(demo), on="card").select("customer_id", "basket_id", "day", "total"),
            pl.DataFrame(web, schema=["customer_id", "basket_id", "day", "total"], orient="row"),
        ],
        how="vertical_relaxed",
    ).drop_nulls("customer_id")
    in_year = (pl.lit(AS_OF) - pl.col("day")).dt.total_days() <= 365
    return (
        orders.group_by("customer_id")
        .agg(
            recency=(pl.lit(AS_OF) - pl.col("day").max()).dt.total_days(),
            frequency=in_year.sum(),
            monetary=pl.col("total").filter(in_year).sum().cast(pl.Float64).round(2),
        )
        .with_columns(r=_quintile(-pl.col("recency")), f=_quintile(pl.col("frequency")))
        .with_columns(m=_quintile(pl.col("monetary")))
        .sort("customer_id")
        .rows()
    )


def test_recency_frequency_and_monetary_scores_are_those_of_the_files(
    demo: Demo, till: duckdb.DuckDBPyConnection
) -> None:
    gold = demo.rows(
        "select customer_id, recency_days, frequency, round(monetary::double, 2), recency_score, "
        "frequency_score, monetary_score from gold.customer_rfm where recency_days is not null order by 1"
    )
    assert len(gold) >= 50
    assert gold == _rfm(demo, till)
