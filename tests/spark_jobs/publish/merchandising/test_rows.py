from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from alluvium.errors import UsageError
from spark_jobs.publish.merchandising import boosts, restrictions
from spark_jobs.publish.merchandising.rows import meant

PRODUCTS = pl.DataFrame(
    {
        "product_id": ["p1", "p2", "p3"],
        "product_type": ["LAGER", "LAGER", "TEA"],
        "product_category": ["BEERS/ALES", "BEERS/ALES", "TEA"],
        "department": ["GROCERY"] * 3,
        "brand": ["National", "Private", "Private"],
    }
)


def boost_file(folder: Path, *lines: str) -> Path:
    path = folder / "boosts.csv"
    path.write_text("\n".join(["attribute,value,places,first_day,last_day,reason", *lines]))
    return path


def test_the_files_of_the_shop_can_be_read():
    assert {rule.reason for rule in restrictions.load()} >= {"Alcohol", "Tobacco"}
    assert all(boost.places for boost in boosts.load())


def test_a_rule_means_every_product_with_its_value():
    found = meant(restrictions.load(), PRODUCTS)
    assert set(found["product_id"]) == {"p1", "p2"}


def test_boosts_hold_on_their_days_and_add_up(tmp_path):
    path = boost_file(
        tmp_path,
        "brand,Private,5,2017-11-01,2017-11-07,own brand week",
        "product_id,p3,-2,2017-11-01,2017-11-01,few left",
        "department,GROCERY,9,2017-12-01,2017-12-31,later",
    )
    moved = boosts.of_products(boosts.load(path), PRODUCTS, date(2017, 11, 1))
    assert moved.rows() == [("p2", 5), ("p3", 3)]
    assert boosts.of_products(boosts.load(path), PRODUCTS, date(2017, 11, 8)).is_empty()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("colour,red,5,2017-11-01,2017-11-07,r", "attribute"),
        ("brand,Private,many,2017-11-01,2017-11-07,r", "places"),
        ("brand,Private,5,2017-11-08,2017-11-07,r", "last_day is before first_day"),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(tmp_path, line, problem):
    path = boost_file(tmp_path, "brand,Private,5,2017-11-01,2017-11-07,r", line)
    with pytest.raises(UsageError, match=problem) as error:
        boosts.load(path)
    assert error.value.where == f"{path}, line 3"
