from datetime import date

from great_expectations.core import ExpectationSuite

from expectations.judge import judge
from expectations.rules import between, none

DAY = date(2017, 11, 1)


def seen(results):
    return [(r.table_name, r.check_name, r.severity, r.status, r.observed, r.details) for r in results]


def test_each_table_is_judged_by_itself():
    suite = ExpectationSuite(name="two tables", expectations=[none("rows_lost")])
    results = judge(suite, {"bronze.a": {"rows_lost": 0}, "bronze.b": {"rows_lost": 2}}, DAY)
    assert seen(results) == [
        ("bronze.a", "rows_lost", "stop", "passed", "0", "0"),
        ("bronze.b", "rows_lost", "stop", "failed", "2", "0"),
    ]


def test_a_figure_that_a_table_does_not_have_is_not_judged():
    suite = ExpectationSuite(name="sparse", expectations=[none("rows_lost"), between("share", most=0.5)])
    results = judge(
        suite, {"bronze.a": {"rows_lost": 0}, "bronze.b": {"share": 0.25, "rows_lost": None}}, DAY
    )
    assert [(r.table_name, r.check_name) for r in results] == [
        ("bronze.a", "rows_lost"),
        ("bronze.b", "share"),
    ]


def test_one_figure_can_warn_early_and_stop_late():
    suite = ExpectationSuite(
        name="twice", expectations=[between("share", most=0.5), between("share", most=0.05, severity="warn")]
    )
    stop, warn = judge(suite, {"bronze.a": {"share": 0.07}}, DAY)
    assert (stop.status, stop.stops, stop.details) == ("passed", False, "at most 0.5")
    assert (warn.status, warn.warns, warn.stops, warn.observed) == ("failed", True, False, "0.07")


def test_bounds_are_within():
    suite = ExpectationSuite(name="bounds", expectations=[between("mean", least=1, most=5)])
    results = judge(suite, {"t.low": {"mean": 1}, "t.high": {"mean": 5}, "t.out": {"mean": 5.1}}, DAY)
    assert [r.status for r in results] == ["passed", "passed", "failed"]
    assert results[0].details == "at least 1 and at most 5"


def test_nothing_measured_is_nothing_judged():
    assert judge(ExpectationSuite(name="empty", expectations=[none("rows_lost")]), {}, DAY) == []
