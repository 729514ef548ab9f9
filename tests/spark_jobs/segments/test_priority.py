"""Segments of a priority group exclude each other, in their order, also when one of them is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake.lake_sql import View
from alluvium.settings import Settings
from spark_jobs.segments import decide
from spark_jobs.segments.canary import compare
from spark_jobs.segments.definition import load, load_all, parse
from spark_jobs.segments.groups import ahead_of
from spark_jobs.segments.moment import of_night
from spark_jobs.segments.preview import preview
from spark_jobs.segments.why import explain
from tests.spark_jobs.segments.lake import members, put, shop

NIGHT, NEXT = date(2017, 11, 2), date(2017, 11, 3)
BY_HAND = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: {schedule}
-- guard: size between {least} and 10
-- priority group: offers, {place}
-- Customers of the shop.
select customer_id from gold.customers where customer_id in ({customers})
"""
AS_RULES = """
owner: crm-team
purposes: [marketing_email]
guard: {size: [0, 10]}
priority: {group: offers, place: 3}
description: Who may be written to.
rules: {all: [{field: customer.is_email_allowed, is: true}]}
"""


def sql(place: int, customers: str, least: int = 0, schedule: str = "nightly") -> str:
    return BY_HAND.format(place=place, customers=customers, least=least, schedule=schedule)


@pytest.fixture
def lake(tmp_path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    shop(settings)
    (tmp_path / "definitions").mkdir()
    return settings


def decided(lake: Settings, night: date = NIGHT) -> dict[str, set[str]]:
    folder = lake.home.parent / "definitions"
    decide.run(None, JobConfig(night, lake, {"definitions": str(folder)}))
    found: dict[str, set[str]] = {}
    for row in members(lake).to_pylist():
        if row["left_at"] is None:
            found.setdefault(row["segment"], set()).add(row["customer_id"])
    return found


def write(lake: Settings, **texts: str) -> None:
    for name, text in texts.items():
        suffix = "yml" if text.startswith("\n") else "sql"
        (lake.home.parent / "definitions" / f"{name}.{suffix}").write_text(text)


def test_a_customer_is_only_in_the_first_segment_of_the_group(lake):
    alone = sql(1, "'C2'").replace("-- priority group: offers, 1\n", "")
    write(lake, second=sql(2, "'C1', 'C2', 'C3'"), first=sql(1, "'C1'"), third=AS_RULES, alone=alone)
    assert decided(lake) == {"first": {"C1"}, "second": {"C2", "C3"}, "alone": {"C2"}}


def test_a_held_segment_holds_its_group(lake):
    write(lake, first=sql(1, "'C1'", least=1), second=sql(2, "'C1', 'C2'"))
    before = decided(lake)
    write(lake, first=sql(1, "'C9'", least=1))
    assert decided(lake, NEXT) == before == {"first": {"C1"}, "second": {"C2"}}
    put(lake, "gold.customers", pa.table({"customer_id": ["C1", "C2", "C9"]}))
    assert decided(lake, NEXT) == {"first": {"C9"}, "second": {"C1", "C2"}}


def test_preview_canary_and_why_know_the_segments_before_it(lake):
    write(lake, first=sql(1, "'C1'"), second=sql(2, "'C1', 'C2', 'C3'"))
    folder = lake.home.parent / "definitions"
    config = JobConfig(NIGHT, lake, {"definitions": str(folder)})
    at, second = of_night(config), load("second", folder)
    assert preview(None, second, config, at).found == 2
    told = compare(None, second, replace(second, priority=None), config, at)
    assert (told.old_size, told.new_size, told.enter, told.leave) == (2, 3, 1, 0)
    ahead = ahead_of(lake, second, at, folder)
    assert [one.name for one in ahead] == ["first"]
    one, two = (explain(View(lake), second, at, customer, ahead) for customer in ("C1", "C2"))
    assert (one.is_found, two.is_found) == (False, True)
    assert (one.conditions[-1].value, one.conditions[-1].held) == ("in first", False)
    assert two.conditions[-1].held


def test_a_segment_that_is_over_goes_before_nobody(lake):
    over = sql(1, "'C1'").replace("-- schedule", "-- expires: 2017-11-02\n-- schedule")
    write(lake, first=over, second=sql(2, "'C1'"))
    folder = lake.home.parent / "definitions"
    config = JobConfig(NIGHT, lake, {"definitions": str(folder)})
    assert ahead_of(lake, load("second", folder), of_night(config), folder) == []
    assert preview(None, load("second", folder), config, of_night(config)).found == 1


@pytest.mark.parametrize(
    ("other", "complaint"),
    [(sql(1, "'C2'"), "has place 1"), (sql(2, "'C2'", schedule="every 30 minutes"), "another schedule")],
)
def test_a_group_without_a_clear_order_is_refused(lake, other, complaint):
    write(lake, first=sql(1, "'C1'"), second=other)
    with pytest.raises(AlluviumError, match=complaint) as refused:
        load_all(lake.home.parent / "definitions")
    assert refused.value.where == "second.sql"


def test_both_ways_of_writing_give_the_same_priority():
    assert parse(AS_RULES.encode(), "a.yml").priority == parse(sql(3, "'C1'").encode(), "a.sql").priority
