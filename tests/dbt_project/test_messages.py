"""What `alluvium.dbt` makes of dbt's results and complaints."""

from __future__ import annotations

import pytest

from alluvium.dbt import commands, results
from alluvium.dbt.results import DbtResult, NodeResult
from alluvium.errors import AlluviumError
from alluvium.settings import Settings

GOOD = NodeResult("orders", "model", "success", 2.0, "OK")
WARNED = NodeResult("orders_is_sound", "test", "warn", 1.0, "Got 3 results, configured to warn if != 0")


def test_counts_are_by_kind_and_say_what_warned() -> None:
    assert DbtResult((GOOD, WARNED)).counts == {"models": 1, "tests": 1, "warned": 1}


def test_the_slowest_node_comes_first() -> None:
    assert DbtResult((WARNED, GOOD)).slowest == [GOOD, WARNED]


def test_a_failure_names_the_node_and_the_log_and_counts_the_others(settings: Settings) -> None:
    message = "Runtime Error in model orders (models/orders.sql)\n  Runtime Error\n    [DIVIDE_BY_ZERO] No."
    failed = NodeResult("orders", "model", "error", 1.0, message)
    with pytest.raises(
        AlluviumError, match=r"dbt model orders failed: \[DIVIDE_BY_ZERO\] No\., and 1 more"
    ) as raised:
        results.raise_if_failed(DbtResult((failed, failed)), 1, [], settings.logs / "dbt.log")
    assert str(settings.logs / "dbt.log") in str(raised.value)


def test_an_error_says_nothing_of_a_row() -> None:
    message = (
        "Runtime Error\n  [CAST_INVALID_INPUT] The value 'Jane Doe' of the type \"STRING\" cannot be cast."
    )
    assert results._reason(message) == "[CAST_INVALID_INPUT] The value …"


def test_dbt_that_never_began_gives_its_last_complaint(settings: Settings) -> None:
    with pytest.raises(AlluviumError, match="dbt could not run: no such model"):
        results.raise_if_failed(DbtResult(()), 2, ["Encountered an error:\nno such model"], settings.logs)


def test_the_night_reaches_dbt_by_environment_and_nothing_of_an_earlier_one_does(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import date

    monkeypatch.setenv("ALLUVIUM_AS_OF_DATES", '["2017-01-01"]')
    variables = commands._variables(date(2017, 11, 1), settings, {"changed_run_dates": ["2017-10-30"]})
    environment = commands._environment(settings, variables)
    assert environment["ALLUVIUM_RUN_DATE"] == "2017-11-01"
    assert environment["ALLUVIUM_CHANGED_RUN_DATES"] == '["2017-10-30"]'
    assert "ALLUVIUM_AS_OF_DATES" not in environment
