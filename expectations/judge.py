"""Great Expectations judges a frame of figures, one row per table."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd

from alluvium.settings import Settings
from expectations import data_docs
from expectations.measure import Figures
from expectations.result import FAILED, PASSED, STOP, WARN, CheckResult

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
logging.getLogger("great_expectations").setLevel(logging.ERROR)  # Hundreds of lines at import.

import great_expectations as gx  # noqa: E402
from great_expectations.core import ExpectationSuite  # noqa: E402
from great_expectations.core.batch_definition import BatchDefinition  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402

FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": ["table_name"]}
SEVERITIES = {"critical": STOP, "warning": WARN, "info": WARN}


@lru_cache(maxsize=1)
def _frame_definition() -> BatchDefinition:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("figures").add_dataframe_asset("figures")
    return asset.add_batch_definition_whole_dataframe("all")


def _frame(figures: Figures, columns: set[str]) -> pd.DataFrame:
    """Every column that the suite names: a figure that no table has stays empty, and is not judged."""
    frame = pd.DataFrame.from_dict(figures, orient="index").reindex(columns=sorted(columns)).astype("float64")
    return frame.rename_axis("table_name").reset_index()


def judge(
    suite: ExpectationSuite, figures: Figures, run_date: date, docs: Settings | None = None
) -> list[CheckResult]:
    """One result per expectation and table that has the figure. With `docs`, a page of it for people too."""
    columns = {expectation.column for expectation in suite.expectations}  # type: ignore[attr-defined]
    frame = _frame(figures, columns)
    batch = _frame_definition().get_batch(batch_parameters={"dataframe": frame})
    judged = batch.validate(suite, result_format=FORMAT)
    if docs is not None:
        data_docs.write(judged, docs, run_date, suite.name)
    return [result for one in judged.results for result in _results(one, frame, suite.name, run_date)]


def _results(one: Any, frame: pd.DataFrame, suite: str, run_date: date) -> Iterator[CheckResult]:
    config = one.expectation_config
    if one.exception_info.get("exception_message"):
        raise RuntimeError(
            f"{suite}: {config.type} could not be judged: {one.exception_info['exception_message']}"
        )
    column = config.kwargs["column"]
    failed = {row["table_name"] for row in one.result.get("unexpected_index_list") or []}
    for table, observed in frame[["table_name", column]].dropna().itertuples(index=False):
        yield CheckResult(
            run_date=run_date,
            suite=suite,
            check_name=column,
            table_name=table,
            severity=SEVERITIES[str(getattr(config.severity, "value", config.severity))],
            status=FAILED if table in failed else PASSED,
            observed=f"{observed:.6g}" if observed % 1 else f"{observed:.0f}",
            details=_bounds(config.kwargs),
        )


def _bounds(kwargs: dict[str, Any]) -> str:
    least, most = kwargs.get("min_value"), kwargs.get("max_value")
    if least == most:
        return f"{least:g}"
    bounds = {"at least": least, "at most": most}
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)
