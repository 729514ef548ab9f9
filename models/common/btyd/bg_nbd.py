"""BG/NBD: purchases at a rate that differs between people, who stop after one of them with some chance.

Fader, Hardie and Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24. The modified
model, MBG/NBD (Batislam, Denizel and Filiztekin 2007), lets people stop after their first purchase as well:
without it every one-time buyer counts as alive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, hyp2f1, psi

from models.common.btyd.fitting import Optimum, maximise, refine
from models.common.btyd.summaries import Summaries

Numbers = NDArray[np.float64]
START = (0.5, 1.0, 0.8, 2.4)  # r, alpha over the mean age, a, b: what shops look like.
OTHER_STARTS = ((1.0, 0.3, 0.3, 5.0), (0.3, 3.0, 2.0, 2.0))
FIRST_LOOK = 50_000  # Rows on which a large fit finds where to begin.
NODES = 48


@dataclass(frozen=True)
class PurchaseModel:
    """Fitted parameters; times have the unit of the summaries that it was fitted on.

    `alpha` is in that unit. `is_modified` says MBG/NBD. `likelihood` is the mean log-likelihood. A model
    that did not converge is the one without dropout (`a` is 0): the negative binomial, which always does.
    """

    r: float
    alpha: float
    a: float
    b: float
    is_modified: bool
    likelihood: float
    is_converged: bool = True


class _Likelihood:
    """The mean log-likelihood of (r, alpha, a, b) and its gradient.

    Gamma functions see each number of purchases once; what depends on times is computed by row.
    """

    def __init__(self, data: Summaries, is_modified: bool) -> None:
        self.data, self.shift = data, float(is_modified)
        self.counts = data.frequency.astype(np.int64)
        self.distinct = np.arange(self.counts.max() + 1, dtype=np.float64)
        self.customers = np.bincount(self.counts, weights=data.weight)
        # Whoever can have stopped: in the plain model only who came back.
        self.may_stop = slice(None) if is_modified else np.flatnonzero(self.counts > 0)

    def __call__(self, parameters: Numbers) -> tuple[float, Numbers]:
        r, alpha, a, b = parameters
        x, n, k = self.distinct, self.customers, self.shift
        data, total = self.data, self.data.count
        by_count = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        by_count += gammaln(a + b) + gammaln(b + x + k) - gammaln(b) - gammaln(a + b + x + k)
        log_end = np.log(alpha + data.age)
        found = n @ by_count - data.weight @ ((r + data.frequency) * log_end)

        some = self.may_stop
        count, weight = data.frequency[some], data.weight[some]
        log_ratio = log_end[some] - np.log(alpha + data.recency[some])
        odds = np.log(a) - np.log(b + count + k - 1) + (r + count) * log_ratio
        found += weight @ np.logaddexp(0.0, odds)
        stopped = weight / (1 + np.exp(-odds))

        more, less = psi(a + b) - psi(a + b + x + k), psi(b + x + k) - psi(b)
        by_r = n @ (psi(r + x) - psi(r) + np.log(alpha)) - data.weight @ log_end + stopped @ log_ratio
        inverse_end = 1 / (alpha + data.age)
        by_alpha = r * total / alpha - data.weight @ ((r + data.frequency) * inverse_end)
        by_alpha += stopped @ ((r + count) * (inverse_end[some] - 1 / (alpha + data.recency[some])))
        by_a = n @ more + stopped.sum() / a
        by_b = n @ (more + less) - stopped @ (1 / (b + count + k - 1))
        return float(found / total), np.array([by_r, by_alpha, by_a, by_b]) / total


def log_likelihood(data: Summaries, r: float, alpha: float, a: float, b: float) -> float:
    """The mean log-likelihood of these parameters of BG/NBD, whoever found them."""
    return _Likelihood(data, is_modified=False)(np.array([r, alpha, a, b]))[0]


class _WithoutDropout:
    """The same for (r, alpha) when nobody stops."""

    def __init__(self, data: Summaries) -> None:
        self.data = data
        self.distinct = np.arange(int(data.frequency.max()) + 1, dtype=np.float64)
        self.customers = np.bincount(data.frequency.astype(np.int64), weights=data.weight)

    def __call__(self, parameters: Numbers) -> tuple[float, Numbers]:
        r, alpha = parameters
        x, n, data, total = self.distinct, self.customers, self.data, self.data.count
        log_end, weight = np.log(alpha + data.age), data.weight
        found = n @ (gammaln(r + x) - gammaln(r) + r * np.log(alpha))
        found -= weight @ ((r + data.frequency) * log_end)
        by_r = n @ (psi(r + x) - psi(r) + np.log(alpha)) - weight @ log_end
        by_alpha = r * total / alpha - weight @ ((r + data.frequency) / (alpha + data.age))
        return float(found / total), np.array([by_r, by_alpha]) / total


def _scaled(start: tuple[float, ...], data: Summaries) -> Numbers:
    mean_age = float(data.weight @ data.age) / data.count
    return np.array([start[0], start[1] * max(mean_age, 1e-9), *start[2:]])


def _search(data: Summaries, is_modified: bool) -> Optimum:
    """From several starts, the first that ends on flat ground; many rows begin where a sample ended."""
    look = data.sample(FIRST_LOOK)
    likelihood = _Likelihood(look, is_modified)
    for start in (START, *OTHER_STARTS):
        found = maximise(likelihood, _scaled(start, look))
        if found.is_converged:
            break
    return found if look is data else refine(_Likelihood(data, is_modified), found)


def fit(data: Summaries, is_modified: bool = False) -> PurchaseModel:
    """Fit by maximum likelihood; falls back to no dropout, marked, when the search does not converge.

    Raises ValueError without a single repeat purchase: there is no rate to learn.
    """
    if not (data.frequency > 0).any():
        raise ValueError("nobody bought twice")
    found = _search(data, is_modified)
    if found.is_converged:
        r, alpha, a, b = map(float, found.values)
        return PurchaseModel(r, alpha, a, b, is_modified, found.likelihood)
    plain = maximise(_WithoutDropout(data), _scaled(START[:2], data))
    r, alpha = map(float, plain.values)
    return PurchaseModel(r, alpha, 0.0, 1.0, is_modified, plain.likelihood, is_converged=False)


def _odds_of_having_stopped(model: PurchaseModel, x: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    shift = float(model.is_modified)
    with np.errstate(divide="ignore"):
        log_ratio = np.log(model.alpha + age) - np.log(model.alpha + recency)
    odds = model.a / np.maximum(model.b + x + shift - 1, 1e-12) * np.exp((model.r + x) * log_ratio)
    return odds if model.is_modified else np.where(x > 0, odds, 0.0)


def alive(model: PurchaseModel, frequency: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    """Probability that a customer with this summary has not stopped.

    No churn score: in the plain model every one-time buyer is alive. Use expected purchases.
    """
    x = np.asarray(frequency, dtype=np.float64)
    return np.asarray(1 / (1 + _odds_of_having_stopped(model, x, np.asarray(recency), np.asarray(age))))


def expected_purchases(
    model: PurchaseModel, frequency: Numbers, recency: Numbers, age: Numbers, horizon: float
) -> Numbers:
    """Purchases expected in the `horizon` after `age`, given a summary; arrays of one shape, times in the
    model's unit.
    """
    x, last, end = (np.asarray(each, dtype=np.float64) for each in (frequency, recency, age))
    if model.a == 0:
        return (model.r + x) / (model.alpha + end) * horizon
    return _if_alive(model, x, end, horizon) / (1 + _odds_of_having_stopped(model, x, last, end))


def _closed(model: PurchaseModel, x: Numbers, end: Numbers, horizon: float) -> Numbers:
    """Expected purchases of somebody alive (equation 10 of the paper, its numerator)."""
    # The formula divides by a - 1; so near to it the limit is as exact as the numbers are.
    a = model.a + (2e-6 if abs(model.a - 1) < 1e-6 else 0.0)
    r, b, shift = model.r, model.b, float(model.is_modified)
    c = a + b + x + shift - 1
    z = horizon / (model.alpha + end + horizon)
    grown = np.exp((r + x) * (np.log(model.alpha + end) - np.log(model.alpha + end + horizon)))
    return np.asarray(c / (a - 1) * (1 - grown * hyp2f1(r + x, b + x + shift, c, z)))


def _if_alive(model: PurchaseModel, x: Numbers, end: Numbers, horizon: float) -> Numbers:
    """`_closed`, by way of Chebyshev nodes of the ages where many customers have the same x.

    The hypergeometric function costs a microsecond and more; it is smooth in the age, and 48 nodes give it to
    ten digits.
    """
    found = np.empty(len(x))
    order = np.argsort(x, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(x[order])) + 1):
        ages = end[rows]
        low, high = ages.min(), ages.max()
        if len(rows) <= 2 * NODES or low == high:
            found[rows] = _closed(model, x[rows], ages, horizon)
            continue
        found[rows] = _interpolated(model, float(x[rows[0]]), ages, horizon)
    return found


def _interpolated(model: PurchaseModel, x: float, ages: Numbers, horizon: float) -> Numbers:
    from numpy.polynomial import chebyshev

    # In the logarithm of the age the function is nearly straight.
    logs = np.log(model.alpha + ages)
    low, high = logs.min(), logs.max()

    def exact(places: Numbers) -> Numbers:
        nodes = np.exp(low + (places + 1) / 2 * (high - low)) - model.alpha
        return _closed(model, np.full(len(nodes), x), nodes, horizon)

    series = chebyshev.chebinterpolate(exact, NODES)  # type: ignore[type-var]
    return np.asarray(chebyshev.chebval(2 * (logs - low) / (high - low) - 1, series))
