"""`alluvium identity estimate`: what a match model estimated from today's records would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alluvium.commands.identity.lake import Json
from alluvium.console import console, print_json, step, table
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from spark_jobs.identity.model import Model

SHOWN = 20


def estimate(as_json: Json = False) -> None:
    """Estimate the match model anew and hold it against the frozen one. Writes nothing.

    To put it in force after the review: `alluvium job identity.resolve --run-date <last night> --option
    estimate=true`.
    """
    with step("Estimate a model and decide by both"):
        found = _held_together(get_settings())
    if as_json:
        print_json(found)
        return
    _show(found)


def _held_together(settings: Settings) -> dict[str, Any]:
    from dataclasses import replace

    from alluvium.commands.identity import today
    from spark_jobs.identity import matching, what_if

    night = today.read(settings)
    before = matching.resolve(night.records, night.bears, night.given)
    after = matching.resolve(night.records, night.bears, replace(night.given, model=None))
    assert before.model is not None
    assert after.model is not None
    strict = [found.clusters.select("record_key", customer="strict") for found in (before, after)]
    return {
        "frozen": _described(before.model),
        "estimated": _described(after.model),
        "customers": what_if.compare(*strict).counts(),
        "weights": _weights(before.model, after.model),
    }


def _described(model: Model) -> dict[str, Any]:
    return {
        "version": model.version,
        "named_records": model.records,
        "prior": model.weights.prior,
        "has_families": model.has_families,
        **{f"spelled_{pattern}": rate for pattern, rate in model.spelled.items()},
    }


def _weights(before: Model, after: Model) -> list[dict[str, Any]]:
    """The levels whose weight changes most, in bits."""
    import numpy as np

    rows: list[dict[str, Any]] = []
    ratios = zip(before.levels, before.weights.match_ratios, after.weights.match_ratios, strict=True)
    for field, old, new in ratios:
        for level in np.flatnonzero(np.abs(new - old) > 0):
            bits, now = (round(float(each[level] / np.log(2)), 2) for each in (old, new))
            rows.append({"field": field, "level": int(level), "bits": bits, "new_bits": now})
    return sorted(rows, key=lambda row: -abs(row["new_bits"] - row["bits"]))[:SHOWN]


def _show(found: dict[str, Any]) -> None:
    frozen, new = found["frozen"], found["estimated"]
    table(None, ["", "frozen", "estimated"], [[name, str(frozen.get(name)), str(new[name])] for name in new])
    table("Customers", ["", ""], [[name.replace("_", " "), n] for name, n in found["customers"].items()])
    if found["weights"]:
        rows = [list(row.values()) for row in found["weights"]]
        table("Weights that change most", ["field", "level", "bits", "new bits"], rows)
    console.print("Nothing was changed.")
