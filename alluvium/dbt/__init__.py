"""Run the warehouse: the real dbt on the running Spark server, once a night."""

from alluvium.dbt.commands import build, data_tests, docs, prepare, unit_tests
from alluvium.dbt.waiting import dismiss

__all__ = ["build", "data_tests", "dismiss", "docs", "prepare", "unit_tests"]
