from datetime import date

from expectations.measure import ask

DAY = date(2017, 11, 1)


def test_all_tables_are_asked_in_one_query_and_figures_keep_their_names(spark):
    queries = {
        "gold.a": "SELECT count(*) AS rows, CAST(sum(id) AS DECIMAL(12,2)) AS total FROM range(3)",
        "gold.b": "SELECT max(id) AS largest, CAST(null AS INT) AS unknown FROM range(5)",
    }
    assert ask(spark, queries, DAY) == {
        "gold.a": {"rows": 3.0, "total": 3.0},
        "gold.b": {"largest": 4.0, "unknown": None},
    }


def test_a_query_knows_the_run_date_and_the_first_day_not_seen(spark):
    query = "SELECT (SELECT day(:run_date)) AS seen, datediff(:as_of_date, :run_date) AS days"
    assert ask(spark, {"gold.a": query}, DAY) == {"gold.a": {"seen": 1.0, "days": 1.0}}


def test_nothing_asked_is_nothing_answered(spark):
    assert ask(spark, {}, DAY) == {}
