"""Gamma-Gamma: what a purchase of a customer is worth, drawn towards what purchases are worth in general.

Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary Value".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from models.common.btyd.fitting import maximise

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class SpendModel:
    """Fitted parameters; `v` is money. When the search did not converge, p is 0 and a customer's own mean
    counts for nothing: everybody gets `mean`.
    """

    p: float
    q: float
    v: float
    mean: float
    likelihood: float
    is_converged: bool = True


class _Likelihood:
    """The mean log-likelihood of (p, q, v) and its gradient, gamma functions once per number of purchases."""

    def __init__(self, count: Numbers, mean: Numbers) -> None:
        self.x, self.total, self.log_mean = count, count * mean, np.log(mean)
        self.log_total = self.log_mean + np.log(count)
        self.distinct, self.customers = np.unique(count, return_counts=True)

    def __call__(self, parameters: Numbers) -> tuple[float, Numbers]:
        p, q, v = parameters
        distinct, n = self.distinct, self.customers
        rows = len(self.x)
        spread = np.log(self.total + v)
        found = n @ (gammaln(p * distinct + q) - gammaln(p * distinct) - gammaln(q)) + rows * q * np.log(v)
        found += np.sum(p * self.x * (self.log_total - spread)) - np.sum(self.log_mean) - q * np.sum(spread)
        both, own = psi(p * distinct + q), psi(p * distinct)
        by_p = n @ (distinct * (both - own)) + np.sum(self.x * (self.log_total - spread))
        by_q = n @ (both - psi(q)) + rows * np.log(v) - np.sum(spread)
        by_v = rows * q / v - np.sum((p * self.x + q) / (self.total + v))
        return float(found / rows), np.array([by_p, by_q, by_v]) / rows


def fit(count: Numbers, mean: Numbers) -> SpendModel:
    """Fit on customers' numbers of purchases and their mean values; those without value are left out.

    Raises ValueError when none is left.
    """
    count, mean = np.asarray(count, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    kept = (count > 0) & (mean > 0)
    if not kept.any():
        raise ValueError("no purchase is worth anything")
    overall = float(np.average(mean[kept], weights=count[kept]))
    found = maximise(_Likelihood(count[kept], mean[kept]), np.array([2.0, 3.0, overall]))
    p, q, v = map(float, found.values)
    # Below q = 1 the mean of all customers does not exist.
    if not found.is_converged or q <= 1:
        return SpendModel(0.0, 2.0, overall, overall, found.likelihood, is_converged=False)
    return SpendModel(p, q, v, p * v / (q - 1), found.likelihood)


def expected_value(model: SpendModel, count: Numbers, mean: Numbers) -> Numbers:
    """What the next purchase is worth, given so many and their mean; without any, the mean of all."""
    count, mean = np.asarray(count, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    if model.p == 0:
        return np.full(len(count), model.mean)
    total = np.where(count > 0, count * mean, 0.0)
    return np.asarray(model.p * (model.v + total) / (model.p * count + model.q - 1))
