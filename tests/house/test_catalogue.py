"""Every table is defined once, says its grain, and describes its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.table import Table
from infra import features, reference

ROOT = Path(__file__).resolve().parents[2]

TABLES = [
    *catalog.TABLES.values(),
    *(make(each) for each in contract.load_all() for make in (catalog.bronze, catalog.silver)),
]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.full_name)
def test_a_table_names_its_grain_its_key_and_what_each_column_means(table: Table) -> None:
    assert table.schema in catalog.SCHEMAS
    assert "one row per" in table.comment.lower(), table.comment
    assert table.key
    if table.columns is not None:
        assert set(table.key) <= set(table.columns)
        assert [name for name, (_, comment) in table.columns.items() if not comment] == []
        assert set(table.partition_by) <= set(table.columns)


def test_only_the_pii_schema_holds_what_names_a_person() -> None:
    outside = [table.full_name for table in TABLES if table.holds_pii and table.schema != "pii"]
    assert outside == []
    open_pii = [table.full_name for table in TABLES if table.schema == "pii" and not table.holds_pii]
    assert open_pii == []


def test_no_raw_identifier_reaches_bronze_or_silver() -> None:
    for each in contract.load_all():
        kept_apart = {name for name, column in each.columns.items() if column.pii or column.identifier}
        for table in (catalog.bronze(each), catalog.silver(each)):
            assert kept_apart.isdisjoint(table.columns or {}), table.full_name


def test_the_reference_of_tables_is_what_the_code_says() -> None:
    assert reference.TARGET.read_text(encoding="utf-8") == reference.page(), "Run `python -m infra.reference`"


def test_the_page_of_features_is_what_the_mart_says() -> None:
    assert features.TARGET.read_text(encoding="utf-8") == features.page(), "Run `python -m infra.features`"
