"""Why somebody is in a segment or is not, what a definition would give, and what an edit would change."""

from __future__ import annotations

from datetime import date

import pytest

from alluvium import catalog
from alluvium.errors import AlluviumError, UsageError
from alluvium.job import JobConfig
from alluvium.lake import lake_sql, ledger
from alluvium.settings import Settings
from spark_jobs.segments import canary, decide, moment, versions
from spark_jobs.segments.definition import parse
from spark_jobs.segments.preview import preview
from spark_jobs.segments.why import explain
from tests.spark_jobs.segments.lake import members, shop

NIGHT = date(2017, 11, 2)
HEADER = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: nightly
-- guard: size between 1 and 10, change at most 40 percent
-- Somebody.
"""
PLAIN = """select customer_id from gold.customer_rfm inner join ml.churn_scores using (customer_id)
where frequency_score >= 3 and churn_probability < 0.5"""
GROUPED = """select customer_id from gold.customer_events where occurred_on > date_sub(:run_date, 7)
group by customer_id having count_if(event = 'Product Viewed') >= 2 and count(*) < 9"""
RULES = b"""
owner: crm-team
purposes: [marketing_email]
guard: {size: [0, 10]}
description: Somebody.
rules:
  all:
  - {field: rfm.frequency_score, at_least: 3}
  - {event: Product Viewed, at_least: 2, in_last_days: 7}
  - none: [{received_campaign: 13}]
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    made = Settings(home=tmp_path_factory.mktemp("home"))
    shop(made)
    return made


def sql(text: str) -> bytes:
    return (HEADER + text).encode()


@pytest.fixture
def why(settings):
    at = moment.of_night(JobConfig(NIGHT, settings))

    def ask(content: bytes, file: str, customer_id: str):
        told = explain(lake_sql.View(settings), parse(content, file), at, customer_id)
        return told.is_found, [(part.value, part.held) for part in told.conditions]

    return ask


def test_each_rule_is_told_with_the_customers_value(why):
    assert why(RULES, "mine.yml", "C1") == (True, [("5", True), ("2", True), ("0", False)])
    assert why(RULES, "mine.yml", "C2") == (False, [("2", False), ("0", False), ("1", True)])


def test_each_condition_of_a_query_is_told_with_the_customers_values(why):
    values = [("frequency_score = 2", False), ("churn_probability = 0.8", False)]
    assert why(sql(PLAIN), "mine.sql", "C2") == (False, values)
    assert why(sql(PLAIN), "mine.sql", "C1")[0]


def test_somebody_whom_a_table_lacks_is_explained_too(why):
    values = [("frequency_score = 1", False), ("churn_probability = None", False)]
    assert why(sql(PLAIN), "mine.sql", "C3") == (False, values)


def test_somebody_who_was_no_customer_that_night_is_not_explained(why):
    with pytest.raises(UsageError, match="no customer 'C9' on the night of 2017-11-02"):
        why(sql(PLAIN), "mine.sql", "C9")


def test_conditions_of_a_group_are_told_by_its_figures(why):
    views, rows = "COUNT_IF(event = 'Product Viewed')", "COUNT(*)"
    told = [("4 of 4 rows", True), (f"{views} = 2", True), (f"{rows} = 4", True)]
    assert why(sql(GROUPED), "mine.sql", "C1") == (True, told)
    told = [("1 of 2 rows", True), (f"{views} = 0", False), (f"{rows} = 1", True)]
    assert why(sql(GROUPED), "mine.sql", "C2") == (False, told)


def test_a_preview_says_size_value_reach_and_five_pseudonyms(settings):
    config = JobConfig(NIGHT, settings)
    told = preview(None, parse(RULES, "mine.yml"), config, moment.of_night(config))
    assert (told.found, told.entered, told.rfm, told.reach) == (
        1,
        1,
        {"champions": 1},
        {"marketing_email": 1},
    )
    assert told.value["mean_spend"] == 100
    assert len(told.examples) == 1
    assert "C1" not in told.examples[0]


@pytest.fixture
def edited(settings, tmp_path):
    """A segment of everybody who bought, decided once, whose definition is then narrowed to nobody but C1."""
    path = tmp_path / "buyers.sql"
    path.write_bytes(sql("select customer_id from gold.customer_rfm where frequency > 0"))
    options = {"definitions": str(tmp_path)}
    decide.run(None, JobConfig(date(2017, 11, 1), settings, options))
    path.write_bytes(sql("select customer_id from gold.customer_rfm where frequency > 5"))
    yield parse(path.read_bytes(), path.name), options
    ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, [], "true", settings)


def test_a_canary_says_who_would_leave_and_the_guard_holds_the_night_until_it_is_approved(settings, edited):
    definition, options = edited
    config = JobConfig(NIGHT, settings, options)
    old = versions.version(settings, "buyers", versions.decided_version(settings, "buyers"))
    told = canary.compare(None, old, definition, config, moment.of_night(config))
    assert (told.old_size, told.new_size, told.enter, told.leave) == (2, 1, 0, 1)
    assert (told.old_mean_spend, told.new_mean_spend) == (60, 100)
    assert told.objection == "0 entered and 1 left of 2, over 40%"
    assert decide.run(None, config)["held"] == 1
    act = {"audit_id": "1", "action": versions.APPROVED, "subject": versions.approval(definition)}
    ledger.append(catalog.OPS_AUDIT, [act], settings)
    assert decide.run(None, config)["held"] == 0
    assert decide.run(None, config)["left"] == 1, "the same night again decides the same"
    buyers = [row for row in members(settings).to_pylist() if row["segment"] == "buyers"]
    assert {row["customer_id"] for row in buyers if row["left_at"] is None} == {"C1"}


def test_an_earlier_version_comes_back_as_it_was_written(settings, edited):
    rows = [row for row in versions.known(settings) if row["segment"] == "buyers"]
    assert "frequency > 0" in versions.version(settings, "buyers", rows[0]["version"]).text
    with pytest.raises(AlluviumError, match="has no version"):
        versions.version(settings, "buyers", "000000000000")
