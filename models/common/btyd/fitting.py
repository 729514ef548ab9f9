"""Maximum likelihood for positive parameters, on their logarithms, with a check that it got there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# Mean log-likelihood and its gradient by each parameter.
Likelihood = Callable[[Numbers], tuple[float, Numbers]]

STEEPEST = 1e-6  # Of the mean log-likelihood by the logarithm of a parameter: flat for every purpose.
WIDEST = 12.0  # Logarithms beyond it say that the data do not hold the parameter.


@dataclass(frozen=True)
class Optimum:
    """Parameters, mean log-likelihood, whether the search ended on flat ground, and how it bends there.

    `curvature` is the negative second derivative by the logarithms of the parameters.
    """

    values: Numbers
    likelihood: float
    is_converged: bool
    curvature: Numbers


class _Descent:
    """The negative of a likelihood by the logarithms of its parameters: what a minimiser wants."""

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood

    def __call__(self, logs: Numbers) -> tuple[float, Numbers]:
        values = np.exp(logs)
        found, gradient = self.likelihood(values)
        return -found, -gradient * values

    def curvature(self, logs: Numbers, width: float = 1e-4) -> Numbers:
        """Second derivatives, by differences of the gradient."""
        steps = width * np.eye(len(logs))
        columns = [(self(logs + step)[1] - self(logs - step)[1]) / (2 * width) for step in steps]
        return (np.column_stack(columns) + np.array(columns)) / 2


def _newton(descent: _Descent, logs: Numbers, curvature: Numbers, most_steps: int) -> Numbers:
    """Newton steps with one curvature for all of them, while they go down and it is not flat."""
    height, gradient = descent(logs)
    for _ in range(most_steps):
        if np.all(np.abs(gradient) < STEEPEST / 100):
            break
        try:
            tried = logs - np.linalg.solve(curvature, gradient)
        except np.linalg.LinAlgError:
            break
        lower, slope = descent(np.clip(tried, -WIDEST, WIDEST))
        if not lower <= height:
            break
        logs, height, gradient = np.clip(tried, -WIDEST, WIDEST), lower, slope
    return logs


def _optimum(descent: _Descent, logs: Numbers, curvature: Numbers) -> Optimum:
    height, gradient = descent(logs)
    is_inside = bool(np.all(np.abs(logs) < WIDEST - 1e-6) and np.isfinite(height))
    is_flat = bool(np.all(np.abs(gradient) < STEEPEST))
    return Optimum(np.exp(logs), -height, is_flat and is_inside, curvature)


def maximise(likelihood: Likelihood, start: Numbers) -> Optimum:
    """Quasi-Newton (L-BFGS-B), and Newton steps at its end."""
    from scipy.optimize import minimize

    descent = _Descent(likelihood)
    options = {"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500, "maxcor": 20}
    bounds = [(-WIDEST, WIDEST)] * len(start)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = minimize(descent, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        curvature = descent.curvature(found.x)
        return _optimum(descent, _newton(descent, found.x, curvature, 5), curvature)


def refine(likelihood: Likelihood, near: Optimum) -> Optimum:
    """From the optimum of a sample to that of all rows: some five looks at them instead of thirty."""
    descent = _Descent(likelihood)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        logs = _newton(descent, np.log(near.values), near.curvature, 15)
        found = _optimum(descent, logs, near.curvature)
    return found if found.is_converged else maximise(likelihood, near.values)
