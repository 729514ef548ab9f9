"""The CDNOW sample of Fader and Hardie, read from the installed `lifetimes` and nowhere kept."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import polars as pl


def _dataset(name: str) -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def summary() -> pl.DataFrame:
    """One row per customer: frequency, recency, age (in weeks to 1997-09-30), mean_value of its repeats."""
    return pl.read_csv(_dataset("cdnow_customers_summary_with_transactions.csv")).select(
        frequency="x", recency="t_x", age="T", mean_value="zbar", customer_id="ID"
    )


def purchases() -> pl.DataFrame:
    """Every purchase of the sample: customer_id, bought_on, value."""
    lines = _dataset("CDNOW_sample.txt").read_text().split("\n")
    rows = [line.split() for line in lines if line.strip()]
    return pl.DataFrame(
        {"customer_id": [int(row[1]) for row in rows], "day": [row[2] for row in rows]}
    ).with_columns(bought_on=pl.col("day").str.to_date("%Y%m%d"))
