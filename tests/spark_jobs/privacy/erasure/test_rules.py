"""Every column that says whose a row is has a rule, be its table new or old."""

from __future__ import annotations

import pytest

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.settings import get_settings
from alluvium.tables.ingest import tables_of
from spark_jobs.privacy.erasure.rules import KEPT_TABLES, NOT_OF_A_PERSON, is_of_a_person, rules

TABLES = [
    table
    for table in (*catalog.TABLES.values(), *(t for each in contract.load_all() for t in tables_of(each)))
    if table.columns is not None
]
# Words that a column about a person bears. A new one that the rules do not know fails here.
SUSPICIOUS = ("customer", "_key", "person", "record_id", "account", "visitor", "device_id", "user_id")
HARMLESS = NOT_OF_A_PERSON | {
    "count_customers",
    "customers",
    "customers_bought",
    "customers_now",
    "customers_proposed",
    "other_customer_id",
    "revenue_per_customer",
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_a_column_that_sounds_like_a_person_has_a_rule(table):
    if table.full_name in KEPT_TABLES or table.holds_pii:
        return
    sounding = {name for name in table.columns if any(word in name for word in SUSPICIOUS)}
    assert {name for name in sounding - HARMLESS if not is_of_a_person(name)} == set()


@pytest.mark.parametrize("table", [t for t in TABLES if t.holds_pii], ids=lambda table: table.full_name)
def test_every_table_with_personal_values_has_a_key_to_erase_them_by(table):
    assert rules([(table.full_name, tuple(table.columns))], get_settings()) != []


def test_a_new_table_is_covered_by_itself_and_one_without_persons_is_left_alone():
    found = rules([("gold.new", ("customer_id", "n")), ("gold.products", ("product_id",))], get_settings())
    assert [(rule.table, rule.person_columns, rule.kept_when) for rule in found] == [
        ("gold.new", ("customer_id",), None)
    ]
