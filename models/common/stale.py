"""What a night publishes when no champion can score: the newest scores there are, and it says so."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Any

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta, driver_delta
from models.common import local, monitoring, params
from models.common.output import Output
from models.common.population import NO_CONSENT, NO_HISTORY

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_NEWEST = "SELECT MAX(as_of_date) AS newest FROM {scores} WHERE as_of_date < DATE '{as_of_date}'"

# Customers of tonight: those who came since get the prior of the newcomers of then, and whoever may not be
# profiled any more loses the model's score. Standard SQL: two engines read it.
_REPEATED = """
    WITH before AS (SELECT * FROM {scores} WHERE as_of_date = DATE '{newest}'),
    priors AS (
        SELECT
            horizon_days,
            MAX(model_version) AS model_version,
            MAX(scored_as_of) AS scored_as_of,
            {extrapolated} AS is_extrapolated,
            AVG({prediction}) AS of_all,
            AVG(CASE WHEN reason_code = '{no_history}' THEN {prediction} END) AS of_newcomers,
            AVG(CASE WHEN reason_code = '{no_consent}' THEN {prediction} END) AS of_refusers
        FROM before GROUP BY horizon_days
    ),
    customers AS (
        SELECT customer_id, COALESCE(is_profiling_allowed, false) AS is_allowed FROM {customers}
    ),
    kept AS (
        SELECT b.* FROM before AS b INNER JOIN customers AS c ON c.customer_id = b.customer_id
        WHERE c.is_allowed OR b.reason_code = '{no_consent}'
    )
    SELECT {columns}
    FROM customers AS c
    CROSS JOIN priors AS p
    LEFT JOIN kept AS k ON k.customer_id = c.customer_id AND k.horizon_days = p.horizon_days
"""


def _columns(into: Output, config: JobConfig) -> str:
    """A column of the kept score, unless it is stated otherwise."""
    assert into.table.columns is not None
    prior = (
        "CASE WHEN c.is_allowed THEN COALESCE(p.of_newcomers, p.of_all) "
        "ELSE COALESCE(p.of_refusers, p.of_all) END"
    )
    kind = into.table.columns[into.prediction][0]
    stated = {
        "customer_id": "c.customer_id",
        "as_of_date": f"DATE '{config.as_of_date}'",
        "horizon_days": "p.horizon_days",
        into.prediction: f"CAST(COALESCE(k.{into.prediction}, {prior}) AS {kind})",
        "scored_for": "COALESCE(k.scored_for, 'prior')",
        "reason_code": "CASE WHEN k.customer_id IS NOT NULL THEN k.reason_code "
        f"WHEN c.is_allowed THEN '{NO_HISTORY}' ELSE '{NO_CONSENT}' END",
        "model_version": "p.model_version",
        "scored_as_of": "p.scored_as_of",
        "is_stale": "true",
        "is_extrapolated": "p.is_extrapolated",
        "currency": f"'{config.settings.currency}'",
    }
    return ", ".join(f"{stated.get(name, f'k.{name}')} AS {name}" for name in into.table.columns)


def _query(into: Output, config: JobConfig, newest: date, scores: str, customers: str) -> str:
    return _REPEATED.format(
        scores=scores,
        customers=customers,
        newest=newest,
        prediction=into.prediction,
        extrapolated="BOOL_OR(is_extrapolated)"
        if "is_extrapolated" in (into.table.columns or {})
        else "false",
        no_history=NO_HISTORY,
        no_consent=NO_CONSENT,
        columns=_columns(into, config),
    )


def _newest(found: Any, error: AlluviumError) -> date:
    """The as-of date of the scores to repeat; the champion's own error when there are none."""
    if found is None:
        raise error
    assert isinstance(found, date)
    return found


def repeat(
    spark: SparkSession, config: JobConfig, into: Output, folders: list[Path] | None, error: AlluviumError
) -> dict[str, int]:
    """Publish the newest scores again as tonight's, marked stale; `folders` as `scoring.run` has them.

    Raises `error`, which says why no champion could score, when there are no scores to repeat.
    """
    slice_ = f"as_of_date = DATE '{config.as_of_date}'"
    if folders:
        customers, *_, scores = folders
        asked = _NEWEST.format(scores="scores", as_of_date=config.as_of_date)
        newest = _newest(local.query(asked, scores=scores)["newest"][0].as_py(), error)
        query = _query(into, config, newest, "scores", "all_customers")
        rows = local.query(query, scores=scores, all_customers=customers)
        own = {name: rows[name] for name in rows.column_names}
        driver_delta.replace(local.shaped(own, rows.num_rows, into.table), scores, slice_)
    else:
        name = into.table.full_name
        first = spark.sql(_NEWEST.format(scores=name, as_of_date=config.as_of_date)).first()
        newest = _newest(first[0] if first else None, error)
        query = _query(into, config, newest, name, catalog.GOLD_CUSTOMERS.full_name)
        delta.replace_where(spark.sql(query), into.table, slice_)
    log.warning("%s; the scores as of %s are repeated, marked stale", error, newest)
    return monitoring.note_stale(
        into.model, params.load(into.model).horizons[0], config, (config.as_of_date - newest).days
    )
