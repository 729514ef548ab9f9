"""The tills: order lines as gzipped CSV (a file a local month, then one a night), and the article master."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from alluvium.demo.batch import Batch, Batches, Counts, text, total
from alluvium.demo.breakage import Amounts, Breakage, Row, csv_lines, plant, put
from alluvium.demo.daily import Entity, daily
from alluvium.demo.days import HISTORY_DAY, nights
from alluvium.demo.dice import dice
from alluvium.demo.journey import Journey

HEADER = (
    "basket_id,product_id,loyalty_card,store_id,sold_at,quantity,"
    "amount,retail_discount,coupon_discount,coupon_match_discount,provenance"
)
PRODUCTS_HEADER = (
    "product_id,manufacturer_id,department,brand,product_category,product_type,package_size,provenance"
)
# The article master comes with the history and then on the first Monday of a month.
PRODUCT_SNAPSHOTS = (HISTORY_DAY, date(2017, 11, 6), date(2017, 12, 4))


def _an_hour_earlier_and_a_dollar_more(row: Row) -> None:
    row["sold_at"] = str(datetime.fromisoformat(row["sold_at"]) - timedelta(hours=1))
    row["amount"] = f"{float(row['amount']) + 1:.2f}"


ORDER_LINES_BREAKAGE = Breakage(
    amounts=Amounts(broken=(24, 4), duplicates=(16, 3), conflicts=(6, 1)),  # the history: in each month
    rekey=lambda row, number: row.update(basket_id=str(90_000_000_000 + number)),
    spoils=(
        put("sold_at", "2017-13-45 10:61:00"),
        put("sold_at", "2031-01-01 09:00:00"),
        put("amount", "-4.99"),
        put("quantity", "two"),
        put("product_id", ""),
    ),
    older=_an_hour_earlier_and_a_dollar_more,
    is_cut_off=True,
)

PRODUCTS_BREAKAGE = Breakage(
    amounts=Amounts(broken=(12, 3), duplicates=(5, 2)),
    rekey=lambda row, number: row.update(product_id=str(900_000_000_000 + number)),
    spoils=(put("product_id", "ABC-12"), put("department", ""), put("brand", "Generic")),
    is_cut_off=True,
)
PRODUCTS = Entity(
    "pos",
    "products",
    "products.csv.gz",
    csv_lines(PRODUCTS_HEADER),
    PRODUCTS_BREAKAGE,
    lambda lines: text(lines, PRODUCTS_HEADER),
)


def order_lines(journey: Journey, seed: int, last_day: date) -> Batches:
    """Every real line on its local business day; a day without sales is a file with only a header."""
    yield _history(journey, seed)
    by_day = journey.lines.filter(pl.col("local_day") > HISTORY_DAY).partition_by("local_day", as_dict=True)
    nothing = journey.lines.clear()
    for night in nights(last_day):
        name, content, counts = _file("order_lines", by_day.get((night,), nothing), night, seed)
        yield Batch("pos", "order_lines", night, ((name, content),), counts)


def products(journey: Journey, seed: int, last_day: date) -> Batches:
    """The whole article master as it stands, at each snapshot."""
    columns = ",".join(journey.products.columns) + ",provenance"
    assert columns == PRODUCTS_HEADER, f"Complete Journey's columns have changed: {columns}"
    whole = journey.products.with_columns(provenance=pl.lit("real"))
    rows = whole.write_csv(include_header=False).splitlines()
    for run_date in PRODUCT_SNAPSHOTS:
        yield from daily(PRODUCTS, ((run_date, row) for row in rows), seed, last_day)


def _history(journey: Journey, seed: int) -> Batch:
    history = journey.lines.filter(pl.col("local_day") <= HISTORY_DAY)
    by_month = history.with_columns(month=pl.col("local_day").dt.truncate("1mo"))
    months = by_month.partition_by("month", as_dict=True)
    files, counts = [], []
    for (month,), rows in sorted(months.items()):
        name, content, planted = _file(f"order_lines-{month:%Y-%m}", rows, HISTORY_DAY, seed)
        files.append((name, content))
        counts.append(planted)
    return Batch("pos", "order_lines", HISTORY_DAY, tuple(files), total(counts))


def _file(name: str, rows: pl.DataFrame, run_date: date, seed: int) -> tuple[str, bytes, Counts]:
    rng = dice(seed, f"broken {name} {run_date}")
    lines, counts = plant(_as_csv(rows), csv_lines(HEADER), ORDER_LINES_BREAKAGE, run_date, rng)
    return f"{name}.csv.gz", text(lines, HEADER), counts


def _as_csv(rows: pl.DataFrame) -> list[str]:
    fields = (
        pl.col("basket_id", "product_id", "household_id", "store_id").cast(pl.String),
        pl.col("sold_at").dt.to_string("%Y-%m-%d %H:%M:%S"),
        pl.col("quantity").cast(pl.String),
        *map(money, ("cents", "retail_cents", "coupon_cents", "match_cents")),
        pl.lit("real"),
    )
    return rows.select(line=pl.concat_str(*fields, separator=","))["line"].to_list()


def money(cents_column: str) -> pl.Expr:
    """Whole cents as dollars with two decimals, without a detour through floating point."""
    whole = (pl.col(cents_column) // 100).cast(pl.String)
    part = (pl.col(cents_column) % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(whole, part, separator=".")
