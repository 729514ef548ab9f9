from importlib import import_module

import pytest

from alluvium.errors import UsageError
from expectations import declared
from expectations.gate import SUITES, run_suite

BY_CONTRACT = ("bronze", "silver", "silver_keys")  # Their queries are made from contracts.


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_has_its_name_and_runs_as_a_job(name):
    module = import_module(f"expectations.{name}")
    assert module.SUITE.name == name
    assert callable(module.run)
    assert callable(module.figures)


@pytest.mark.parametrize("name", [name for name in SUITES if name not in BY_CONTRACT])
def test_every_expectation_has_a_figure_to_judge(name):
    module = import_module(f"expectations.{name}")
    asked = " ".join(module.QUERIES.values())
    asked += " ".join(declared.queries().values()) if name == "gold" else ""
    for expectation in module.SUITE.expectations:
        assert f"AS {expectation.column}" in " ".join(asked.split())


def test_an_unknown_suite_is_bad_usage():
    with pytest.raises(UsageError, match="no suite 'copper'"):
        run_suite("copper", None, None)
