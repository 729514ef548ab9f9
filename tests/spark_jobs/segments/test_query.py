"""Only one repeatable SELECT of customer_id may be a segment."""

from __future__ import annotations

from datetime import date

import pytest

from alluvium.errors import AlluviumError
from spark_jobs.segments.query import bind, compile_query

DATES = {"run_date": date(2017, 11, 1), "as_of_date": date(2017, 11, 2)}


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("drop table gold.customers", "exactly one SELECT"),
        ("select customer_id from gold.customers; drop table gold.customers", "exactly one SELECT"),
        ("insert into gold.customers select customer_id from gold.customers", "exactly one SELECT"),
        (
            "select customer_id from gold.customers union select customer_id from gold.orders",
            "exactly one SELECT",
        ),
        ("select customer_id into gold.taken from gold.customers", "a target table"),
        ("select * from gold.customers", "may not use *"),
        ("select email from gold.customers", "one column, customer_id"),
        ("select customer_id, region from gold.customers", "one column, customer_id"),
        ("select customer_id from pii.customers", "may not read pii.customers"),
        ("select customer_id from `pii`.`customers`", "may not read"),
        ("select customer_id from customers", "may not read customers"),
        ("select customer_id from spark_catalog.gold.customers", "may not read"),
        ("select customer_id from delta.`/tmp/lake/pii/customers`", "may not read"),
        ("select customer_id from identifier('pii.customers')", "may not use identifier"),
        ("select customer_id from read_files('/etc/passwd')", "may not use read_files"),
        ("select customer_id from range(10)", "may not use range"),
        ("select transform(customer_id) using 'cat' as (customer_id) from gold.customers", "a script"),
        (
            "select customer_id from gold.customers where reflect('java.lang.System', 'exit', 0) = ''",
            "reflect",
        ),
        ("select customer_id from gold.customers where java_method('a', 'b') = ''", "java_method"),
        ("select customer_id from gold.customers where last_ordered_on > current_date", "current_date"),
        ("select customer_id from gold.customers where last_ordered_on > now()", "may not use now"),
        ("select customer_id from gold.customers where unix_timestamp() > 3", "current_timestamp"),
        ("select customer_id from gold.customers where rand() < 0.1", "may not use rand"),
        ("select customer_id from gold.customers tablesample (10 percent)", "a random sample"),
        ("select customer_id from gold.customers version as of 3", "a version of a table"),
        ("select /*+ broadcast(customers) */ customer_id from gold.customers", "a hint"),
        (
            "select customer_id from gold.customers where last_ordered_on > :yesterday",
            "no parameter :yesterday",
        ),
        ("select customer_id from gold.customers where region = ?", "no parameter"),
        (
            "select customer_id from gold.customers where (select max(email) from pii.customers) > ''",
            "may not read",
        ),
        ("select customer_id from gold.customers where region = 'it''s", "cannot be read"),
        ("select customer_id from gold.customers where region = +", "cannot be read"),
        ("select customer_id", "at least one table"),
    ],
)
def test_anything_else_is_refused(sql, complaint):
    with pytest.raises(AlluviumError) as refused:
        compile_query(sql, "odd.sql")
    assert complaint in refused.value.what
    assert refused.value.where.startswith("odd.sql, line ")


def test_a_refusal_names_the_line():
    with pytest.raises(AlluviumError) as refused:
        compile_query("-- a comment\nselect customer_id\nfrom gold.customers\nwhere rand() < 1", "odd.sql")
    assert refused.value.where == "odd.sql, line 4"


def test_scores_are_those_of_the_newest_night_not_after_the_run():
    sql = bind(
        compile_query("select customer_id from ml.churn_scores s where s.churn_decile = 1", "a.sql"), DATES
    )
    newest = "SELECT MAX(as_of_date) FROM ml.churn_scores WHERE as_of_date <= CAST('2017-11-02' AS DATE)"
    assert sql == (
        f"SELECT customer_id FROM (SELECT * FROM ml.churn_scores WHERE as_of_date = ({newest})) AS s "
        "WHERE s.churn_decile = 1"
    )


def test_recommendations_are_those_of_the_night_before_so_that_a_rerun_sees_the_same():
    sql = bind(compile_query("select customer_id from published.recommendations", "a.sql"), DATES)
    assert "run_date < CAST('2017-11-01' AS DATE)" in sql


def test_history_is_all_that_is_kept():
    sql = compile_query("select customer_id from ml.churn_scores_history where churn_decile = 1", "a.sql")
    assert sql == "SELECT customer_id FROM ml.churn_scores AS churn_scores_history WHERE churn_decile = 1"


def test_names_of_the_query_itself_may_be_read():
    sql = compile_query(
        "with good as (select customer_id from gold.orders) select customer_id from good", "a.sql"
    )
    assert sql.startswith("WITH good AS")


def test_a_comment_does_not_reach_the_engine():
    sql = compile_query("select customer_id -- */ drop table gold.orders\nfrom gold.orders", "a.sql")
    assert sql == "SELECT customer_id FROM gold.orders"
