"""How far tonight's features lie from those a model learned from: the population stability index.

PSI sums (p - q) ln(p / q) over tenths of the reference and the share that is missing (Siddiqi 2006); by habit
0.1 is a small shift and 0.25 a large one. What grows by itself, such as tenure, shifts between any two
months: a feature's limit is never below three times the most it moved between neighbouring cut-offs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
LARGE = 0.25
USUAL_TIMES = 3.0
LEAST_SHARE = 1e-3  # An empty tenth would make the index infinite.


def _shares(values: Numbers, edges: Sequence[float]) -> Numbers:
    """Shares of the bins between the edges, and of what is missing, which comes last."""
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(np.array(edges), known, side="right"), minlength=len(edges) + 1)
    return np.append(counts, len(values) - len(known)) / max(len(values), 1)


def stability(reference: Sequence[float], now: Sequence[float]) -> float:
    """The index of two lists of shares."""
    before, after = (np.maximum(np.asarray(each, dtype=np.float64), LEAST_SHARE) for each in (reference, now))
    return float(np.sum((after - before) * np.log(after / before)))


def of_values(by_cutoff: Sequence[Numbers]) -> dict[str, Any]:
    """Tenths of the newest values, their shares, and the limit; the values of each cut-off, oldest first."""
    newest = by_cutoff[-1]
    known = newest[~np.isnan(newest)]
    edges = np.unique(np.quantile(known, np.arange(1, 10) / 10)).tolist() if len(known) else []
    shares = [_shares(values, edges).tolist() for values in by_cutoff]
    moved = [stability(before, after) for before, after in pairwise(shares)]
    limit = max(LARGE, USUAL_TIMES * max(moved, default=0.0))
    return {"edges": edges, "shares": shares[-1], "limit": round(limit, 4)}


def reference(rows: pl.DataFrame, features: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each feature: tenths at the newest cut-off, their shares, and from where on a shift is an alarm."""
    days = rows["as_of_date"].unique().sort().to_list()
    parts = [rows.filter(pl.col("as_of_date") == day) for day in days]
    return {
        name: of_values([part[name].cast(pl.Float64).to_numpy().astype(np.float64) for part in parts])
        for name in features
    }


def measure(
    known: Mapping[str, Mapping[str, Any]], columns: Mapping[str, Numbers]
) -> dict[str, dict[str, float]]:
    """PSI, share missing and limit of each feature that both sides have."""
    found = {}
    for name in known.keys() & columns.keys():
        shares = _shares(columns[name], known[name]["edges"])
        psi = stability(known[name]["shares"], shares.tolist())
        found[name] = {"psi": psi, "missing": float(shares[-1]), "limit": float(known[name]["limit"])}
    return found
