"""A segment that states a target rate: which bound of one of its columns would have reached it.

The customers of the night `in_days` ago are followed: whom the definition would have found without its bound,
each with the value of the column, and who of them did what was hoped for since. One half of the customers
chooses the loosest bound whose rate surely reaches the target (the lower end of its 95 % interval does), the
other half says what it is worth: a rate read off the customers who chose it would be too good. Nothing is
applied: the owner edits the definition.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import duckdb
import numpy as np
from sqlglot import exp

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig, finished_nights
from alluvium.lake import lake_sql, ledger
from alluvium.settings import Settings
from spark_jobs.segments.bounds import Bound, bound_of, tree_of, without
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.header import Target
from spark_jobs.segments.moment import Moment, of_night
from spark_jobs.segments.query import DIALECT, bind

_log = logging.getLogger(__name__)

PROPOSE, KEEP, NONE = "propose", "keep", "none"
MOST_BOUNDS = 200
FEWEST = 20
"""Fewer customers than this in the half that chooses say nothing about a bound."""
Z = 1.959964  # 95 %, two-sided.

DOERS = {
    "ordered": "SELECT customer_id, ordered_on AS day FROM gold.orders",
    "redeemed": "SELECT customer_id, redeemed_on AS day FROM gold.coupon_redemptions",
    "clicked": "SELECT customer_id, occurred_on AS day FROM gold.customer_events "
    "WHERE event = 'Email Link Clicked'",
}
FOLLOWED = """
WITH doers AS (SELECT DISTINCT customer_id FROM ({doers}) AS done WHERE day > $since AND day <= $until)
SELECT followed.customer_id, followed.value, doers.customer_id IS NOT NULL AS is_hit
FROM followed {heirs} LEFT JOIN doers ON doers.customer_id = {id} ORDER BY 1
"""
# Who was merged into another since goes on under that id.
HEIRS = "LEFT JOIN identity.redirects AS heirs ON heirs.old_customer_id = followed.customer_id"


@dataclass(frozen=True)
class Proposal:
    """A row of `published.segment_proposals`, without what the definition says."""

    evidence_night: date
    bound_now: float
    customers_now: int
    rate_now: float | None
    verdict: str
    bound_proposed: float | None = None
    customers_proposed: int | None = None
    rate_proposed: float | None = None
    rate_low: float | None = None
    rate_high: float | None = None


def _followed(
    settings: Settings,
    definition: Definition,
    target: Target,
    night: dict[str, Any],
    tree: exp.Select,
    bound: Bound,
) -> dict[str, Any]:
    """customer_id, value, is_hit of everybody, as columns. Both are read as the nights saw them."""
    then = lake_sql.View(settings, versions=night["table_versions"])
    opened = lake_sql.connection(then)
    at = of_night(JobConfig(night["run_date"], settings))
    query = bind(without(tree, bound).sql(DIALECT), {**at.dates, **definition.values}, "duckdb")
    lake_sql.define(opened, then, query)
    opened.execute(
        "CREATE TEMP TABLE followed AS SELECT customer_id, max(value)::DOUBLE AS value "
        f"FROM ({query}) WHERE customer_id IS NOT NULL GROUP BY 1"
    )
    has_heirs = catalog.IDENTITY_REDIRECTS.full_name in lake_sql.tables(then)
    asked = FOLLOWED.format(
        doers=DOERS[target.outcome],
        heirs=HEIRS if has_heirs else "",
        id="coalesce(heirs.customer_id, followed.customer_id)" if has_heirs else "followed.customer_id",
    )
    days = {"since": night["run_date"], "until": night["run_date"] + timedelta(days=target.in_days)}
    return dict(lake_sql.answer(opened, lake_sql.View(settings), asked, days).fetchnumpy())


def _chooses(customer_id: str) -> bool:
    return sha256(f"target\x1f{customer_id}".encode()).digest()[0] < 128


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    rate, spread = hits / count, Z * Z / count
    middle = rate + spread / 2
    width = Z * np.sqrt(rate * (1 - rate) / count + spread / (4 * count))
    return float((middle - width) / (1 + spread)), float((middle + width) / (1 + spread))


def _loosest(values: Any, hits: Any, target: float) -> float | None:
    """The lowest bound from which on the share of hits surely reaches the target."""
    bounds = np.unique(np.quantile(values, np.linspace(0, 1, MOST_BOUNDS), method="lower"))
    for bound in bounds:
        kept = values >= bound
        if kept.sum() >= FEWEST and wilson(int(hits[kept].sum()), int(kept.sum()))[0] >= target:
            return float(bound)
    return None


def propose(night: date, bound: Bound, target: Target, found: dict[str, Any]) -> Proposal:
    """The loosest bound that reaches the target. `found` has customer_id, value and is_hit as columns."""
    sign = 1.0 if bound.is_floor else -1.0
    values, hits = sign * np.asarray(found["value"], float), np.asarray(found["is_hit"], bool)
    chooses = np.array([_chooses(one) for one in found["customer_id"]], dtype=bool)
    now = values >= sign * bound.now
    known = (night, bound.now, int(now.sum()), float(hits[now].mean()) if now.any() else None)
    chosen = _loosest(values[chooses], hits[chooses], target.rate) if chooses.any() else None
    kept = values >= chosen if chosen is not None else np.zeros(len(values), bool)
    told = kept & ~chooses
    if chosen is None or told.sum() < FEWEST or hits[told].mean() < target.rate:
        return Proposal(*known, verdict=NONE)
    low, high = wilson(int(hits[told].sum()), int(told.sum()))
    verdict = KEEP if int(kept.sum()) == known[2] else PROPOSE
    rate = float(hits[told].mean())
    return Proposal(*known, verdict, sign * chosen, int(kept.sum()), rate, low, high)


def look(settings: Settings, definition: Definition, run_date: date) -> Proposal | None:
    """What is known on a night; None without a target, and while no night is old enough."""
    target = definition.target
    if target is None:
        return None
    tree = tree_of(definition)
    bound = bound_of(definition, tree, target.by)
    last = run_date - timedelta(days=target.in_days)
    nights = [night for night in finished_nights(settings) if night["run_date"] <= last]
    if not nights:
        return None
    found = _followed(settings, definition, target, nights[-1], tree, bound)
    return propose(nights[-1]["run_date"], bound, target, found)


def row(definition: Definition, run_date: date, proposal: Proposal) -> dict[str, Any]:
    """A row of `published.segment_proposals`."""
    assert definition.target is not None
    target = definition.target
    return {
        "segment": definition.name,
        "run_date": run_date,
        "definition_version": definition.version,
        "outcome": target.outcome,
        "target_rate": target.rate,
        "in_days": target.in_days,
        "by": target.by,
        **asdict(proposal),
    }


def note(settings: Settings, definitions: Sequence[Definition], at: Moment) -> None:
    """Keep what the night would propose; a night without targets writes nothing.

    A proposal that cannot be made, say because an old night was vacuumed away, does not stop the night.
    """
    rows = []
    for one in definitions:
        try:
            proposal = look(settings, one, at.run_date)
        except (AlluviumError, duckdb.Error) as error:
            _log.warning("%s: nothing can be proposed: %s", one.name, str(error).splitlines()[0])
            continue
        if proposal is not None:
            rows.append(row(one, at.night, proposal))
    if rows:
        ledger.replace(catalog.PUBLISHED_SEGMENT_PROPOSALS, rows, f"run_date = '{at.night}'", settings)
