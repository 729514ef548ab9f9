"""What a query may read, and which night it sees; tables of a few rows, without Spark."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import bi_views
from alluvium.lake.lake_sql import View, ask, names_in

NIGHT, NEXT_NIGHT = date(2017, 11, 1), date(2017, 11, 2)


def put(settings, name: str, rows: list[dict]) -> None:
    path = settings.lake / name.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(path), pa.Table.from_pylist(rows), mode="append")


@pytest.fixture
def lake(settings):
    put(settings, "gold.customers", [{"customer_id": "C1"}])
    put(settings, "gold.customers", [{"customer_id": "C2"}])
    put(settings, "pii.customers", [{"customer_id": "C1", "email": "ann@example.com"}])
    scores = [{"customer_id": "C1", "as_of_date": day} for day in (NIGHT, NEXT_NIGHT)]
    put(settings, "ml.churn_scores", scores)
    put(settings, "ml.training_sets", [{"model": "churn", "run_date": date(2017, 10, 31)}])
    return settings


def count(view: View, table: str) -> int:
    return ask(view, f"select count(*) from {table}").fetchall()[0][0]


def test_scores_are_those_of_the_night_and_the_kept_ones_stand_beside(lake):
    view = View(lake, night=date(2017, 10, 31))
    assert (count(view, "ml.churn_scores"), count(view, "ml.churn_scores_history")) == (1, 2)
    assert count(view, "ml.training_sets") == 1


def test_an_earlier_night_is_read_at_its_versions(lake):
    assert count(View(lake), "gold.customers") == 2
    assert count(View(lake, versions={"gold.customers": 0}), "gold.customers") == 1


def test_personal_data_are_closed_by_name_and_by_path(lake):
    with pytest.raises(UsageError, match="holds personal data"):
        ask(View(lake), "select * from pii.customers")
    with pytest.raises(UsageError, match="cannot be answered"):
        ask(View(lake), f"select * from delta_scan('{lake.lake / 'pii' / 'customers'}')")
    assert count(View(lake, with_pii=True), "pii.customers") == 1


@pytest.mark.parametrize(
    "text",
    ["drop table gold.customers", "select 1; select 2", "copy gold.customers to 'x'", "attach 'x'", ""],
)
def test_only_one_query_that_reads_is_answered(text):
    with pytest.raises(UsageError):
        names_in(text)


def test_a_misspelt_table_is_an_error_with_the_nearest_name(lake):
    with pytest.raises(UsageError, match=r"Did you mean gold\.customers"):
        ask(View(lake), "select * from gold.customer")


def test_the_file_for_bi_tools_has_a_view_per_table_and_no_personal_data(lake, tmp_path):
    file = tmp_path / "lake.duckdb"
    made = bi_views.write(View(lake, night=date(2017, 10, 31)), file)
    assert set(made) == {"gold.customers", "ml.churn_scores", "ml.churn_scores_history", "ml.training_sets"}
    with duckdb.connect(str(file), read_only=True) as opened:
        held = opened.execute("select schema_name || '.' || view_name from duckdb_views() where not internal")
        assert {name for (name,) in held.fetchall()} == set(made)
    assert bi_views.write(View(lake), file) == made
    with pytest.raises(AlluviumError, match="Personal data"):
        bi_views.write(View(lake, with_pii=True), file)
