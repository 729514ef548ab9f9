"""Rule documents: what they find, what they refuse, and that no text of theirs is ever read as SQL."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import lake_sql
from alluvium.settings import Settings
from infra import reference
from spark_jobs.segments import found, moment
from spark_jobs.segments.definition import parse
from spark_jobs.segments.query import bind
from spark_jobs.segments.rules import schema
from spark_jobs.segments.rules.fields import FIELDS
from tests.spark_jobs.segments.lake import shop

NIGHT = date(2017, 11, 2)
HEAD = {
    "owner": "crm-team",
    "purposes": ["marketing_email"],
    "guard": {"size": [0, 100]},
    "description": "Somebody.",
}


def document(rules: object, **changes: object) -> bytes:
    return yaml.safe_dump({**HEAD, "rules": rules, **changes}, allow_unicode=True).encode()


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    made = Settings(home=tmp_path_factory.mktemp("home"))
    shop(made)
    return made


@pytest.fixture(scope="module")
def find(settings):
    view = lake_sql.View(settings)
    opened = lake_sql.connection(view)
    at = moment.of_night(JobConfig(NIGHT, settings))

    def run(rules: object) -> set[str]:
        definition = parse(document(rules), "mine.yml")
        query = found.query_of(definition, at, "America/New_York", "duckdb")
        return {row[0] for row in lake_sql.answer(opened, view, query).fetchall()}

    return run


@pytest.mark.parametrize(
    ("rules", "customers"),
    [
        ({"field": "customer.region", "is": "OH"}, "1"),
        ({"field": "customer.region", "is_not": "OH"}, "2"),
        ({"none": [{"field": "customer.region", "is": "OH"}]}, "23"),
        ({"field": "customer.region", "is_missing": True}, "3"),
        ({"field": "customer.region", "one_of": ["OH", "TN"]}, "12"),
        ({"field": "customer.is_email_allowed", "is": False}, "3"),
        ({"field": "customer.last_ordered_on", "in_last_days": 1}, "1"),
        ({"field": "customer.last_ordered_on", "not_in_last_days": 30}, "2"),
        ({"field": "customer.last_ordered_on", "before": date(2017, 10, 1)}, "2"),
        ({"field": "rfm.frequency_score", "at_least": 2}, "12"),
        ({"field": "churn.churn_probability", "horizon_days": 30, "above": 0.5}, "2"),
        ({"event": "Product Viewed", "at_least": 2, "in_last_days": 1}, "1"),
        ({"event": "Product Viewed", "at_least": 1, "in_last_days": 40}, "12"),
        ({"event": "Product Viewed", "at_most": 0, "in_last_days": 7}, "23"),
        ({"event": "Product Viewed", "product_id": "p2", "at_least": 1, "in_last_days": 7}, "1"),
        (
            {"event": "Product Added", "not_followed_by": "Order Completed", "within_hours": 1,
             "in_last_days": 7},
            "2",
        ),
        ({"bought": "product_category", "one_of": ["SOFT DRINKS"], "at_least": 1, "in_last_days": 7}, "1"),
        ({"bought": "product_category", "one_of": ["it's"], "at_most": 0, "in_last_days": 7}, "23"),
        ({"received_campaign": 13}, "2"),
        ({"all": [{"field": "rfm.frequency", "above": 1}, {"none": [{"received_campaign": 13}]}]}, "1"),
        ({"any": [{"field": "rfm.frequency", "below": 1}, {"received_campaign": 13}]}, "23"),
    ],
)  # fmt: skip
def test_a_document_finds_whom_it_says(find, rules, customers):
    assert find(rules) == {f"C{number}" for number in customers}


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ({"field": "customer.regoin", "is": "OH"}, "did you mean 'customer.region'?"),
        ({"event": "product viewed", "at_least": 1, "in_last_days": 7}, "did you mean 'Product Viewed'?"),
        ({"field": "customer.region", "at_least": 3}, "customer.region is a text: use one of is"),
        ({"field": "customer.region", "is": True}, "customer.region is a text, True is not"),
        ({"field": "rfm.frequency", "above": 1, "below": 9}, "exactly one comparison"),
        ({"field": "rfm.frequency", "above": float("inf")}, "finite number"),
        ({"field": "churn.churn_decile", "at_most": 2}, "needs horizon_days"),
        ({"field": "rfm.frequency", "above": 1, "horizon_days": 30}, "has no horizon_days"),
        ({"event": "Product Viewed", "in_last_days": 7}, "say how often"),
        ({"event": "Product Viewed", "at_least": 1, "in_last_days": 0}, "greater than or equal to 1"),
        ({"all": []}, "at least 1 item"),
        ({"sql": "select 1"}, "a condition has one of the keys"),
        ({"field": "rfm.frequency", "above": 1, "drop": 2}, "not permitted"),
        ({"any": [{"any": [{"any": [{"any": [{"any": [{"received_campaign": 1}]}]}]}]}]}, "nested at most"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_was_meant(rules, complaint):
    with pytest.raises(AlluviumError) as refused:
        parse(document(rules), "mine.yml")
    assert complaint in refused.value.what
    assert refused.value.where.startswith("mine.yml, line ")


def test_the_line_is_that_of_the_condition():
    head = b"owner: a\npurposes: [x]\nguard: {size: [1, 2]}\ndescription: d\n"
    text = head + b"rules:\n  all:\n  - received_campaign: 1\n  - event: Nope\n"
    with pytest.raises(AlluviumError) as refused:
        parse(text, "mine.yml")
    assert refused.value.where == "mine.yml, line 8"


@pytest.mark.parametrize(
    "text", [b"a: &a [x]\nb: *a", b"owner: [", b"!!python/object:os.system {}", b"", b"[]"]
)
def test_what_is_no_document_is_refused(text):
    with pytest.raises(AlluviumError):
        parse(text, "mine.yml")


STRINGS: list[str] = json.loads(Path(__file__).with_name("hostile_strings.json").read_text())
SENDABLE = [text for text in STRINGS if text.isprintable() or not any(ord(c) < 32 for c in text)]
PLACES = [
    lambda text: {"field": "customer.region", "is": text},
    lambda text: {"field": "customer.region", "one_of": ["OH", text]},
    lambda text: {"event": "Product Viewed", "product_id": text, "at_least": 1, "in_last_days": 7},
    lambda text: {"bought": "brand", "one_of": [text], "at_least": 1, "in_last_days": 7},
]
NAMES = [
    lambda text: {"field": text, "is": "OH"},
    lambda text: {"field": f"customer.{text}", "is": "OH"},
    lambda text: {"event": text, "at_least": 1, "in_last_days": 7},
    lambda text: {"bought": text, "one_of": ["x"], "at_least": 1, "in_last_days": 7},
    lambda text: {text: 1},
    lambda text: {"received_campaign": text},
]


def shape(sql: str, dialect: str) -> str:
    """The query without its texts."""
    tree = sqlglot.parse_one(sql, dialect=dialect)
    return tree.transform(
        lambda node: exp.Literal.string("") if isinstance(node, exp.Literal) and node.is_string else node
    ).sql(dialect)


def bound(text: str, place, dialect: str) -> str:
    definition = parse(document(place(text)), "mine.yml")
    dates = {"run_date": NIGHT, "as_of_date": NIGHT, "as_of": NIGHT}
    return bind(definition.sql, {**dates, **definition.values}, dialect)


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.full), 6])
@pytest.mark.parametrize("dialect", ["spark", "duckdb"])
def test_three_hundred_hostile_strings_stay_values(dialect, every):
    assert len(STRINGS) >= 300
    harmless = [shape(bound("OH", place, dialect), dialect) for place in PLACES]
    for number, text in list(enumerate(SENDABLE))[::every]:
        sql = bound(text, PLACES[number % 4], dialect)
        assert shape(sql, dialect) == harmless[number % 4]
        assert text in {node.name for node in sqlglot.parse_one(sql, dialect=dialect).find_all(exp.Literal)}


def test_hostile_strings_find_nobody_and_change_nothing(find):
    for text in SENDABLE[::5]:
        assert find({"field": "customer.region", "is": text}) == set()
    assert find({"field": "customer.region", "is_missing": False}) == {"C1", "C2"}


def test_hostile_names_and_texts_with_control_characters_are_refused():
    for number, text in enumerate(STRINGS):
        with pytest.raises(AlluviumError):
            parse(document(NAMES[number % len(NAMES)](text)), "mine.yml")
    for text in set(STRINGS) - set(SENDABLE):
        with pytest.raises(AlluviumError):
            parse(document(PLACES[0](text)), "mine.yml")


def test_spark_reads_every_hostile_string_as_the_value_it_is(spark):
    literals = [exp.Literal.string(text).sql("spark") for text in SENDABLE]
    found.take_texts_as_they_are(spark)
    row = spark.sql(f"SELECT array({', '.join(literals)}) AS texts").collect()[0]
    assert list(row["texts"]) == SENDABLE


def test_every_field_is_a_column_of_the_warehouse():
    page = reference.page()
    for name, known in FIELDS.items():
        section = page.partition(f"### {known.table}\n")[2].partition("\n### ")[0]
        assert f"| `{known.column}` |" in section, name


def test_the_schema_for_editors_is_what_the_code_says():
    assert schema.FILE.read_text() == schema.text(), "alluvium segment schema > rules.schema.json"
