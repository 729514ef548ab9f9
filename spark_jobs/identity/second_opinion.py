"""recordlinkage over the same candidate pairs: what another library's comparators and ECM would decide.

Also how many of the true pairs blocking brings together. Only `alluvium identity evaluate` calls this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import recordlinkage

from spark_jobs.identity import cluster, evaluate, similar, standardise
from spark_jobs.identity.engine.arrays import Ints
from spark_jobs.identity.named import Named
from spark_jobs.identity.rules import Rules

ALIKE = 0.85  # likeness above which recordlinkage counts a text as the same
TEXTS = ("first", "last", "street_core", "town")
WHOLE = ("birth_date", "post", "mailbox", "phone")


def candidates(records: pl.DataFrame, rules: Rules) -> tuple[pl.DataFrame, Ints, Ints]:
    """The comparable frame with numbers, and the pairs that the night compares of it."""
    comparable = standardise.comparable(records).with_columns(pl.int_range(pl.len()).alias("number"))
    named = Named.of(comparable, None, str)
    nothing = np.empty(0, np.uint64)
    found, _ = similar.compare(named, nothing, rules.blocking.pairs_per_record, with_others=False)
    one, other = (named.numbers[side] for side in found.candidates)
    return comparable, np.minimum(one, other), np.maximum(one, other)


def blocking_recall(comparable: pl.DataFrame, left: Ints, right: Ints, truth: pl.DataFrame) -> float | None:
    """Share of the pairs of one person's named records that are compared; None without any."""
    named = comparable.filter("is_named").join(truth, on="record_key").select("number", "person_id")
    true = named.join(named, on="person_id").filter(pl.col("number") < pl.col("number_right"))
    if true.is_empty():
        return None
    pairs = pl.DataFrame({"number": left, "number_right": right}).cast(pl.Int64)
    met = true.cast({"number": pl.Int64, "number_right": pl.Int64}).join(pairs, on=pairs.columns, how="semi")
    return round(met.height / true.height, 6)


def _agreements(comparable: pl.DataFrame, left: Ints, right: Ints) -> pd.DataFrame:
    texts = comparable.select(pl.col(name).cast(pl.String) for name in (*TEXTS, *WHOLE))
    frame = pd.DataFrame(texts.to_dict(as_series=False))
    comparer = recordlinkage.Compare()
    for name in TEXTS:
        comparer.string(name, name, method="jarowinkler", threshold=ALIKE, label=name)
    for name in WHOLE:
        comparer.exact(name, name, label=name)
    return comparer.compute(pd.MultiIndex.from_arrays([left, right]), frame)


def clusters(comparable: pl.DataFrame, left: Ints, right: Ints) -> pl.DataFrame:
    """record_key, customer_id of the named records by ECM: every pair it calls a match is joined."""
    agreements = _agreements(comparable, left, right).astype(int)
    matches = recordlinkage.ECMClassifier().fit_predict(agreements)
    one, other = (matches.get_level_values(side).to_numpy() for side in (0, 1))
    labels = cluster.components(comparable.height, one, other)
    decided = comparable.select("record_key", pl.Series("customer_id", labels), "is_named")
    return decided.filter("is_named").drop("is_named")


def compare(
    records: pl.DataFrame, ours: pl.DataFrame, truth: pl.DataFrame | None, rules: Rules, with_rival: bool
) -> dict[str, Any]:
    """Blocking recall, and with a rival its scores beside ours, both on the named records alone.

    `records`: pii.identity_records; `ours`: record_key, customer_id; `truth`: record_key, person_id.
    """
    comparable, left, right = candidates(records, rules)
    found: dict[str, Any] = {"pairs_compared": len(left)}
    if truth is not None:
        found["blocking_recall"] = blocking_recall(comparable, left, right, truth)
    if with_rival:
        theirs = clusters(comparable, left, right)
        mine = ours.join(theirs.select("record_key"), on="record_key")
        found["named_records"] = {"alluvium": _scores(mine, truth), "recordlinkage": _scores(theirs, truth)}
    return found


def _scores(decided: pl.DataFrame, truth: pl.DataFrame | None) -> dict[str, Any]:
    sizes = decided.group_by("customer_id").len()["len"]
    counts = {"customers": sizes.len(), "largest_customer": int(sizes.max() or 0)}  # type: ignore[arg-type]
    if truth is None:
        return counts
    labelled = decided.join(truth, on="record_key")
    return counts | {"pairwise": evaluate.pairwise(labelled), "b_cubed": evaluate.b_cubed(labelled)}
