"""What a segment's deliveries changed: customers who were sent against those who were kept out.

Both groups would have been sent; a hash of experiment and customer decided who was not. So they differ by
chance and by the deliveries only, and what they bought afterwards can be compared as it is. The intervals
are percentile bootstraps of the difference of means (Efron and Tibshirani, An Introduction to the Bootstrap,
1993).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.lake import lake_sql, ledger

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alluvium.settings import Settings

RESAMPLES, _AT_ONCE = 2_000, 100
CONFIDENCE = 0.95
SUSPICIOUS = 0.001  # A split this unlikely is a defect, not chance.

# Who was sent before the experiment began had no chance to be kept out. A file of a night goes out after it.
PEOPLE = """
WITH began AS (SELECT min(held_since) AS night FROM published.audience_holdouts WHERE segment = $segment),
people AS (
    SELECT customer_id, min(night) AS night, bool_or(is_held) AS was_held, bool_or(NOT is_held) AS was_sent
    FROM (
        SELECT customer_id, CAST(entered_at AS DATE) AS night, false AS is_held
        FROM published.audience_members WHERE segment = $segment
        UNION ALL
        SELECT customer_id, held_since, true FROM published.audience_holdouts WHERE segment = $segment
    )
    GROUP BY customer_id HAVING min(night) >= (SELECT night FROM began)
),
bought AS (
    SELECT people.customer_id, count(*) AS orders, sum(orders.order_total)::DOUBLE AS revenue
    FROM people JOIN gold.orders AS orders ON orders.customer_id = people.customer_id
        AND orders.ordered_on > people.night AND orders.ordered_on <= people.night + $days::INTEGER
    GROUP BY people.customer_id
)
SELECT
    people.was_held, people.was_sent, people.night + $days::INTEGER <= $until AS is_complete,
    coalesce(bought.orders, 0)::DOUBLE AS orders, coalesce(bought.revenue, 0) AS revenue
FROM people LEFT JOIN bought USING (customer_id)
"""


@dataclass(frozen=True)
class Measure:
    """Means per customer of both groups, and the interval of their difference."""

    name: str
    sent: float
    held_out: float
    difference: float
    low: float
    high: float

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Results:
    """Customers of both groups whose days are complete, and what they did in those days.

    `mixed` were in both groups because the share was changed; they are in neither here. `split_p_value` is
    how likely a split at least this uneven is by chance.
    """

    segment: str
    days: int
    until: date
    count_sent: int
    count_held_out: int
    count_waiting: int
    count_mixed: int
    holdout: float
    split_p_value: float
    measures: tuple[Measure, ...]

    @property
    def is_split_sound(self) -> bool:
        """Whether the groups are as large as the stated share makes them."""
        return self.split_p_value >= SUSPICIOUS

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        measures = [{**asdict(measure), "is_shown": measure.is_shown} for measure in self.measures]
        return {**asdict(self), "measures": measures, "is_split_sound": self.is_split_sound}


def resampled_means(values: NDArray[np.float64], dice: np.random.Generator) -> NDArray[np.float64]:
    """Means of RESAMPLES samples as large as `values`, drawn from them with replacement.

    Equal values are drawn together: most customers bought nothing, and memory follows the distinct amounts.
    """
    distinct, counts = np.unique(values, return_counts=True)
    shares, size = counts / len(values), len(values)
    draws = (dice.multinomial(size, shares, size=_AT_ONCE) @ distinct for _ in range(RESAMPLES // _AT_ONCE))
    return np.concatenate(list(draws)) / size


def measure(name: str, sent: NDArray[np.float64], held_out: NDArray[np.float64], seed: int = 0) -> Measure:
    """Both means and the bootstrap interval of their difference; raises ValueError for an empty group."""
    if not len(sent) or not len(held_out):
        raise ValueError("both groups need customers")
    dice = np.random.default_rng(seed)
    differences = resampled_means(sent, dice) - resampled_means(held_out, dice)
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(differences, [outside, 1 - outside])
    means = float(sent.mean()), float(held_out.mean())
    return Measure(name, *means, means[0] - means[1], float(low), float(high))


def split_p_value(count_held_out: int, count: int, share: float) -> float:
    """Of an exact binomial test that the group is as large as its share says."""
    from scipy.stats import binomtest

    return float(binomtest(count_held_out, count, share).pvalue) if count and share else 1.0


def _share(settings: Settings, segment: str) -> float:
    rows = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, settings)
    mine = [row for row in rows if row["segment"] == segment and row["holdout"]]
    newest = max(mine, key=lambda row: row["run_date"], default=None)
    return float(newest["holdout"]) if newest else 0.0


def results(settings: Settings, segment: str, days: int, until: date) -> Results:
    """Compare the groups over the `days` after each customer's first night, as of the run date `until`.

    Raises AlluviumError when nobody was held out, or nobody's days are over.
    """
    share = _share(settings, segment)
    if not share:
        do = "Give its definition a line `-- holdout: 10 percent`"
        raise AlluviumError(f"{segment} has no holdout, so that there is nothing to compare with", do=do)
    asked = {"segment": segment, "days": days, "until": until}
    answered = lake_sql.ask(lake_sql.View(settings), PEOPLE, asked)
    found: dict[str, Any] = answered.fetchnumpy()
    is_mixed = found["was_held"] & found["was_sent"]
    is_in = found["is_complete"] & ~is_mixed
    sent, held_out = is_in & ~found["was_held"], is_in & found["was_held"]
    if not sent.any() or not held_out.any():
        counts = f"{int(sent.sum())} customers were sent and {int(held_out.sum())} held out"
        raise AlluviumError(
            f"{counts} at least {days} days before {until}", do="Wait, or ask for fewer --days"
        )
    outcomes = {
        "orders": found["orders"],
        "revenue": found["revenue"],
        "bought": (found["orders"] > 0).astype(float),
    }
    return Results(
        segment=segment,
        days=days,
        until=until,
        count_sent=int(sent.sum()),
        count_held_out=int(held_out.sum()),
        count_waiting=int((~found["is_complete"] & ~is_mixed).sum()),
        count_mixed=int(is_mixed.sum()),
        holdout=share,
        split_p_value=split_p_value(int(held_out.sum()), int(is_in.sum()), share),
        measures=tuple(measure(name, values[sent], values[held_out]) for name, values in outcomes.items()),
    )
