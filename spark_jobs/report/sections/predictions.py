"""Churn and lifetime value: the figures of the champions beside their baselines, and tonight's scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from alluvium.errors import AlluviumError
from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section

CHURN_SCORES = """
select least(floor(churn_probability * 20) / 20, 0.95) as probability, count(*) as customers
from ml.churn_scores where scored_for = 'model' group by all order by all
"""

ALERTS = """
select model, horizon_days, metric, value, alert from ml.monitoring
where alert is not null order by alert, model, horizon_days, metric
"""
# How far tonight's scores moved away from those the model was made with, night by night.
DRIFT = """
select as_of_date, model || ' ' || horizon_days as model, value from ml.monitoring_history
where metric = 'psi_prediction' and as_of_date <= ? order by as_of_date, model
"""
# Of the scores whose window closed: what they said and what came.
REALISED = """
select model, horizon_days,
    max(value) filter (metric = 'realised_count') as customers,
    max(value) filter (metric = 'realised_predicted') as predicted,
    max(value) filter (metric = 'realised_observed') as observed,
    max(value) filter (metric = 'realised_error') as error
from ml.monitoring where metric like 'realised_%' group by all order by all
"""

MODEL = "model"
TITLES = {
    "churn": "Churn within 30 days",
    "ltv": "Spend of the next 60 days",
    "coupon": "Redeems a coupon within 30 days",
}
GROUPS = ("by", "group", "count", "predicted", "observed")


def _evaluation(lake: Lake, name: str) -> dict[str, Any] | None:
    from models.common.registry import evaluation

    try:
        return evaluation(name, lake.settings)
    except AlluviumError:
        return None


def _curve_rows(curves: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    named = ((who.replace("_", " "), points) for who, points in curves[kind].items())
    return [{**point, "who": who} for who, points in named for point in points]


def _calibration(curves: dict[str, Any], is_share: bool) -> str:
    rows = _curve_rows(curves, "calibration")
    if is_share:
        return charts.curves(rows, "predicted", "observed", "who", x_title="predicted", y_title="observed")
    return charts.amounts(rows, "predicted", "observed", "who", x_title="predicted", y_title="observed")


def _gain(curves: dict[str, Any]) -> str:
    rows = [{**row, "share": row["decile"] / 10} for row in _curve_rows(curves, "lift")]
    starts = [
        {"share": 0.0, "share_reached": 0.0, "who": who} for who in dict.fromkeys(row["who"] for row in rows)
    ]
    return charts.curves(
        [*starts, *rows],
        "share",
        "share_reached",
        "who",
        x_title="customers, highest score first",
        y_title="share reached",
    )


def _figures(found: dict[str, Any]) -> list[list[Any]]:
    measured = {MODEL: found["figures"], **found["baselines"]}
    names = list(found["figures"])
    return [
        [who.replace("_", " "), *(figures.get(name) for name in names)] for who, figures in measured.items()
    ]


def _blocks(name: str, found: dict[str, Any]) -> Iterator[Picture | Grid]:
    title, curves = TITLES[name], found["curves"]
    note = (
        f"Measured on customers as of {found['evaluated_on']}, a cut-off that the measured model did not see."
    )
    yield Grid(title, ["", *(key.replace("_", " ") for key in found["figures"])], _figures(found), note)
    yield Picture(
        f"{title}: calibration",
        _calibration(curves, name != "ltv"),
        "On the dashed line, predictions come true.",
    )
    yield Picture(
        f"{title}: gain", _gain(curves), "How much is reached with the customers of the highest scores."
    )
    yield Grid(
        f"{title}: by group",
        GROUPS,
        [[row.get(name) for name in GROUPS] for row in found["slices"]],
        "Whom it serves worse. Age and gender are no features; where few are known, nothing is said.",
    )


def _watched(lake: Lake) -> Iterator[Picture | Grid]:
    """What was noticed tonight, how the scores drift, and what came of earlier ones."""
    alerts = [list(row.values()) for row in lake.rows(ALERTS)]
    columns = ("model", "days", "what", "value", "")
    yield Grid("Noticed tonight", columns, alerts, "" if alerts else "Nothing is out of the ordinary.")
    drift = lake.rows(DRIFT, lake.run_date + timedelta(days=1))
    if len({row["as_of_date"] for row in drift}) > 1:
        rows = [{**row, "as_of_date": str(row["as_of_date"])} for row in drift]
        drawn = charts.lines(
            rows, "as_of_date", "value", "model", x_title="as of", y_title="PSI", number=".2f"
        )
        yield Picture(
            "Drift of the scores",
            drawn,
            "Population stability index: below 0.1 is quiet, above 0.25 a large shift.",
        )
    if realised := [list(row.values()) for row in lake.rows(REALISED)]:
        named = ("model", "days", "customers", "predicted", "came", "error")
        yield Grid("Scores whose time has come", named, realised)


def section(lake: Lake) -> Section:
    """One table and two curves for each model, and how tonight's scores are spread."""
    blocks: list[Picture | Grid] = []
    for name in TITLES:
        if found := _evaluation(lake, name):
            blocks.extend(_blocks(name, found))
    if scores := lake.rows(CHURN_SCORES):
        rows = [{**row, "probability": f"{row['probability']:.0%}"} for row in scores]
        drawn = charts.columns(
            rows, "probability", "customers", x_title="churn probability", y_title="customers"
        )
        blocks.append(Picture("Churn scores of tonight", drawn))
        blocks.extend(_watched(lake))
    lead = "What the models say, how well they said it before, and what a simple rule says instead."
    missing = "" if blocks else "No model was trained yet: `alluvium night --train` does it."
    return Section("Predictions", lead, blocks, missing)
