from datetime import date

from expectations.measure import ask

DAY = date(2017, 11, 1)


def test_figures_keep_their_names_and_are_numbers(session_settings):
    queries = {
        "gold.a": "SELECT count(*) AS rows, sum(range)::DECIMAL(12,2) AS total FROM range(3)",
        "gold.b": "SELECT max(range) AS largest, null::INT AS unknown FROM range(5)",
    }
    assert ask(session_settings, queries, DAY) == {
        "gold.a": {"rows": 3.0, "total": 3.0},
        "gold.b": {"largest": 4.0, "unknown": None},
    }


def test_a_query_knows_the_run_date_and_the_first_day_not_seen(session_settings):
    query = "SELECT (SELECT day(:run_date)) AS seen, datediff('day', :run_date, :as_of_date) AS days"
    assert ask(session_settings, {"gold.a": query}, DAY) == {"gold.a": {"seen": 1.0, "days": 1.0}}


def test_nothing_asked_is_nothing_answered(session_settings):
    assert ask(session_settings, {}, DAY) == {}
