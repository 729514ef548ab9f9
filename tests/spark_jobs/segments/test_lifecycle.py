"""Segments that end by themselves, and the note that their owner finds."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.segments import decide
from tests.spark_jobs.segments.lake import members, put, shop

FIRST = date(2017, 11, 2)
TEXT = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: nightly
-- guard: size between 0 and 10
-- Customers of the shop.
select customer_id from gold.customers where customer_id = '{customer}'
"""


@pytest.fixture
def lake(tmp_path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    shop(settings)
    (tmp_path / "definitions").mkdir()
    return settings


def night(lake: Settings, text: str, after_days: int) -> dict[str, object]:
    """What the night said of the segment."""
    folder = lake.home.parent / "definitions"
    (folder / "few.sql").write_text(text)
    run_date = FIRST + timedelta(days=after_days)
    decide.run(None, JobConfig(run_date, lake, {"definitions": str(folder)}))
    runs = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, lake)
    return next(run for run in runs if run["run_date"] == run_date)


def test_a_segment_that_found_nobody_for_thirty_days_is_retired_until_it_is_edited(lake):
    nobody, other = TEXT.format(customer="C9"), TEXT.format(customer="C8")
    assert [night(lake, nobody, day)["status"] for day in (0, 10, 29)] == ["decided"] * 3
    over = night(lake, nobody, 30)
    assert (over["status"], over["owner"]) == ("retired", "crm-team")
    assert "nobody was found for 30 days" in over["reason"]
    assert night(lake, nobody, 30) == over
    assert night(lake, nobody, 90)["status"] == "retired"
    assert night(lake, other, 91)["status"] == "decided"


def test_one_customer_within_the_thirty_days_keeps_it(lake):
    text = TEXT.format(customer="C9")
    assert night(lake, text, 0)["found"] == 0
    put(lake, "gold.customers", pa.table({"customer_id": ["C9"]}))
    assert night(lake, text, 10)["found"] == 1
    put(lake, "gold.customers", pa.table({"customer_id": ["C1"]}))
    assert [night(lake, text, day)["status"] for day in (11, 31, 40)] == ["decided"] * 3
    assert night(lake, text, 41)["status"] == "retired"


def test_everybody_leaves_an_expired_segment_and_the_reason_says_why(lake):
    expiring = "-- expires: 2017-11-04\n" + TEXT.format(customer="C1")
    assert night(lake, expiring, 1)["status"] == "decided"
    over = night(lake, expiring, 2)
    assert (over["status"], over["size"], over["left"]) == ("retired", 0, 1)
    assert over["reason"] == "it expired on 2017-11-04; renew the date or remove the definition"
    assert over["allowed_purposes"] is None
    assert [row["left_at"] is None for row in members(lake).to_pylist()] == [False]
