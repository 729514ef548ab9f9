from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from alluvium.demo.days import HISTORY_DAY, local_day
from alluvium.demo.journey import Journey, raw_table
from alluvium.demo.land import LandingSummary, land_into
from alluvium.demo.till import order_lines

YEAR_IN_CENTS = 459_603_958
COUNT_LINES = 1_469_307


def real_lines(landing: Path) -> duckdb.DuckDBPyRelation:
    """The real lines as they lie in the files, everything as text."""
    return duckdb.sql(
        f"select * from read_csv('{landing}/pos/order_lines/*/*.csv.gz', all_varchar = true, "
        "null_padding = true, header = true, hive_partitioning = true) where provenance = 'real'"
    )


def cents_by_month(lines: duckdb.DuckDBPyRelation) -> dict[str, int]:
    month = "(timezone('America/New_York', timezone('UTC', sold_at::timestamp)))::date"
    once = lines.aggregate(
        f"basket_id, product_id, left({month}::varchar, 7) as month, any_value(amount) as amount"
    )
    return dict(once.aggregate("month, (sum(amount::decimal(12,2)) * 100)::bigint").fetchall())


def expected_cents_by_month(lines: pl.DataFrame) -> dict[str, int]:
    month = pl.col("local_day").dt.to_string("%Y-%m")
    return dict(lines.group_by(month).agg(pl.col("cents").sum()).iter_rows())


def test_the_raw_sales_are_exact_in_cents_and_add_up_to_the_known_total() -> None:
    hundredfold = raw_table("transactions")["sales_value"] * 100
    assert hundredfold.len() == COUNT_LINES
    assert (hundredfold - hundredfold.round()).abs().max() < 1e-6
    assert hundredfold.round().cast(pl.Int64).sum() == YEAR_IN_CENTS


def test_landed_real_amounts_equal_the_raw_ones_in_every_local_month(
    small: tuple[Path, LandingSummary], journey: Journey
) -> None:
    landing, summary = small
    landed = journey.lines.filter(pl.col("local_day") <= summary.last_day)
    assert cents_by_month(real_lines(landing)) == expected_cents_by_month(landed)


def test_a_line_lies_in_the_folder_of_its_local_day(
    small: tuple[Path, LandingSummary], journey: Journey
) -> None:
    landing, summary = small
    by_folder = dict(
        real_lines(landing).aggregate("run_date::date, count(distinct (basket_id, product_id))").fetchall()
    )
    folder = pl.max_horizontal("local_day", pl.lit(HISTORY_DAY))
    expected = journey.lines.filter(pl.col("local_day") <= summary.last_day).group_by(folder).len()
    assert by_folder == dict(expected.iter_rows())


def test_an_evening_basket_belongs_to_the_local_day() -> None:
    """Cut in UTC, the evening of 31 December would lie in the next year."""
    evening = pl.DataFrame({"sold_at": ["2018-01-01 04:01:20"]}).select(
        local_day(pl.col("sold_at").str.to_datetime(time_unit="us"))
    )
    assert str(evening.item()) == "2017-12-31"


def test_a_day_on_which_nobody_shopped_is_a_file_with_only_a_header(journey: Journey) -> None:
    """The contract is not optional: a missing folder would stop the night."""
    christmas = list(order_lines(journey, 1, date(2017, 12, 25)))[-1]
    ((_, content),) = christmas.files
    assert (christmas.run_date, content.count(b"\n"), christmas.counts.rows) == (date(2017, 12, 25), 1, 0)


def test_a_planted_conflict_is_older_than_the_real_row_that_it_contradicts(
    small: tuple[Path, LandingSummary],
) -> None:
    landing, summary = small
    everything = duckdb.sql(
        f"select * from read_csv('{landing}/pos/order_lines/*/*.csv.gz', all_varchar = true, "
        "null_padding = true, header = true)"
    )
    made_up = everything.filter("provenance = 'synthetic'").set_alias("made_up")
    pairs = made_up.join(real_lines(landing).set_alias("real"), "made_up.basket_id = real.basket_id and "
                         "made_up.product_id = real.product_id")  # fmt: skip
    contradicted = pairs.aggregate(
        "count(distinct (made_up.basket_id, made_up.product_id)), "
        "bool_and(made_up.sold_at < real.sold_at and made_up.amount <> real.amount)"
    )
    assert contradicted.fetchone() == (summary.counts("pos", "order_lines").conflicts, True)


@pytest.mark.full
def test_the_whole_year_is_landed_to_the_cent(tmp_path: Path) -> None:
    land_into(tmp_path / "landing", tmp_path / "truth")
    months = cents_by_month(real_lines(tmp_path / "landing"))
    assert len(months) == 12
    assert sum(months.values()) == YEAR_IN_CENTS
