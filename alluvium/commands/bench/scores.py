"""`alluvium bench scores`: lifetime value beside `lifetimes`, and scores beside XGBoost alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.bench.results import keep
from alluvium.console import console, print_json, step, table
from alluvium.settings import get_settings

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from models.common.prediction import Champion

WEEKS = 39.0
LEARNED_FROM, TREES, ROWS_PER_BATCH = 20_000, 300, 50_000
TREE = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 4, "eta": 0.05}
PARAMETERS = TREE | {"seed": 1, "nthread": 1}
SHOWN = (
    "what", "system", "customers", "seconds", "times_rival", "log_likelihood", "orders_expected", "differs",
)  # fmt: skip


def _bg_nbd(customers: int, seed: int) -> list[dict[str, Any]]:
    """Fit and expected purchases by both, on the same customers; a and b are not compared: when few leave,
    many pairs of them fit as well.
    """
    import numpy as np

    from models.common.btyd import bg_nbd, simulated, summaries

    asked = simulated.customers(customers, seed)
    with step(f"BG/NBD, {customers:,} customers"):
        began = time.perf_counter()
        model = bg_nbd.fit(summaries.of(*asked))
        expected = bg_nbd.expected_purchases(model, *asked, WEEKS)
        seconds = time.perf_counter() - began
    said = {"what": "BG/NBD", "customers": customers}
    ours = {
        "system": "Alluvium",
        "seconds": round(seconds, 2),
        "log_likelihood": round(customers * model.likelihood, 1),
        "orders_expected": round(float(np.sum(expected)), 1),
    }
    if find_spec("lifetimes") is None:
        return [said | ours]
    theirs, other = _lifetimes(asked)
    return [said | ours | {"times_rival": round(other / seconds, 1)}, said | theirs]


def _lifetimes(asked: tuple[NDArray[np.float64], ...]) -> tuple[dict[str, Any], float]:
    """What `lifetimes` finds, judged by the same likelihood, and its seconds."""
    import numpy as np
    from lifetimes import BetaGeoFitter

    from models.common.btyd import bg_nbd, summaries

    count = len(asked[0])
    with step(f"lifetimes, {count:,} customers"):
        began = time.perf_counter()
        rival = BetaGeoFitter().fit(*asked)
        expected = rival.conditional_expected_number_of_purchases_up_to_time(WEEKS, *asked)
        seconds = time.perf_counter() - began
    found = {name: float(rival.params_[name]) for name in ("r", "alpha", "a", "b")}
    return {
        "system": "lifetimes",
        "seconds": round(seconds, 2),
        "times_rival": 1.0,
        "log_likelihood": round(count * bg_nbd.log_likelihood(summaries.of(*asked), **found), 1),
        "orders_expected": round(float(np.sum(expected)), 1),
    }, seconds


def _learned(features: int, seed: int) -> Champion:
    """A champion of a usual size, learned from made-up rows."""
    import numpy as np

    from models.common import boosting
    from models.common.boosting import Manifest
    from models.common.prediction import Champion

    random = np.random.default_rng(seed)
    values = random.standard_normal((LEARNED_FROM, features)).astype(np.float32)
    outcome = (values[:, :8].sum(axis=1) + random.standard_normal(LEARNED_FROM) > 2).astype(np.float64)
    booster = boosting.fit(PARAMETERS, TREES, values, outcome)
    names = ("days_since_last_order", "orders_90d", *(f"f{n:02}" for n in range(features - 2)))
    manifest = Manifest("churn", 30, 90, names, date(2025, 1, 1), {"no_history": 0.5})
    return Champion("1", boosting.to_bytes(booster, manifest), manifest)


def _batches(values: NDArray[np.float32], names: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Rows as a night reads them: doubles by column, with an id and the permission."""
    import numpy as np
    import pyarrow as pa

    for start in range(0, len(values), ROWS_PER_BATCH):
        part = values[start : start + ROWS_PER_BATCH].astype(np.float64)
        columns = {name: pa.array(part[:, place]) for place, name in enumerate(names)}
        columns["orders_90d"] = pa.array(np.abs(part[:, 1]) + 1.0)  # Everybody is asked.
        ids = pa.array([f"C{n:015d}" for n in range(start, start + len(part))])
        yield pa.record_batch(
            {"customer_id": ids, "is_profiling_allowed": pa.repeat(True, len(part)), **columns}
        )


def _scores(customers: int, features: int, seed: int) -> list[dict[str, Any]]:
    """Seconds from Arrow batches to rows of scores, and of XGBoost's predict on one matrix in memory.

    Making the batches is no part of it; reasons are not asked for.
    """
    import numpy as np

    from models.common import boosting
    from models.common.prediction import Telling, score_batches

    champion = _learned(features, seed)
    random = np.random.default_rng(seed + 1)
    values = random.standard_normal((customers, features), dtype=np.float32)
    batches = list(_batches(values, champion.manifest.features))
    values[:, 1] = np.abs(values[:, 1]) + 1.0
    with step(f"scores, {customers:,} customers x {features} features"):
        began = time.perf_counter()
        rows = list(score_batches(iter(batches), [champion], Telling(digits=6)))
        seconds = time.perf_counter() - began
    booster, _ = boosting.from_bytes(champion.content)
    with step("XGBoost alone"):
        began = time.perf_counter()
        alone = booster.inplace_predict(values, validate_features=False)
        other = time.perf_counter() - began
    ours = np.concatenate([batch.column("prediction").to_numpy() for batch in rows])
    said = {"what": f"scores of {features} features", "customers": customers}
    return [
        said
        | {
            "system": "Alluvium",
            "seconds": round(seconds, 2),
            "times_rival": round(other / seconds, 2),
            "differs": float(np.abs(ours - alone).max().round(6)),
        },
        said | {"system": "XGBoost predict", "seconds": round(other, 2), "times_rival": 1.0},
    ]


def scores(
    customers: Annotated[int, typer.Option(min=1_000, help="Made-up customers of both parts")] = 1_000_000,
    features: Annotated[int, typer.Option(min=10, help="Features of a score")] = 60,
    seed: Annotated[int, typer.Option(help="Of the made-up customers")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Fit BG/NBD and score so many customers, each beside a rival in the same run; see reports/.

    One thread each. `times rival` is how many times as fast: 0.5 is half the speed of XGBoost alone, which
    neither reads columns nor writes rows.
    """
    figures = [*_bg_nbd(customers, seed), *_scores(customers, features, seed)]
    target = keep(figures, "bench_scores", get_settings().reports)
    if as_json:
        print_json(figures)
        return
    columns = [name.replace("_", " ") for name in SHOWN]
    table("Value and scores", columns, [[row.get(name) for name in SHOWN] for row in figures])
    console.print(f"Kept in {target}")
