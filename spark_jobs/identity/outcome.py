"""What a match run decided, as tables: links, doubtful pairs, clusters, counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity.engine.arrays import Floats, contains, packed, unique
from spark_jobs.identity.guard import Guard
from spark_jobs.identity.kept import Kept
from spark_jobs.identity.model import Model
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Review, Rules
from spark_jobs.identity.similar import Scored

TIERS = ("exact", "strict", "loose")


@dataclass(frozen=True)
class Resolution:
    """What was decided.

    `links` and `review` are pairs of record keys; `clusters` has record_key, source, record_kind and, for
    each tier, the smallest record key of the record's cluster. `model` is None when there was nothing to
    learn from; `expected` has the model's own precision and recall of the strict clusters of named records;
    `kept` is for the next night.
    """

    links: pl.DataFrame
    review: pl.DataFrame
    clusters: pl.DataFrame
    model: Model | None
    counts: dict[str, int]
    expected: dict[str, float]
    kept: Kept | None = None


Decided = dict[str, tuple[pl.DataFrame, Ints]]


def _with_keys(pairs: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """Record keys instead of numbers; numbers follow the order of keys, so the smaller key stays first."""
    named = pairs.with_columns(
        keys.gather(pairs["left"]).alias("record_key_1"), keys.gather(pairs["right"]).alias("record_key_2")
    )
    return named.drop("left", "right").sort("record_key_1", "record_key_2")


PAIR = {"left": pl.Int64, "right": pl.Int64}


def _explained(scored: Scored | None, at: Ints) -> pl.DataFrame:
    """Some of the pairs that were compared: left, right, probability, evidence."""
    if scored is None:
        return pl.DataFrame(schema=PAIR | {"probability": pl.Float64, "evidence": pl.String})
    return pl.DataFrame({
        "left": scored.left[at],
        "right": scored.right[at],
        "probability": scored.probability[at],
        "evidence": scored.evidence(at),
    }).cast(PAIR)  # type: ignore[arg-type]  # fmt: skip


def _links(decided: Decided, scored: Scored | None) -> pl.DataFrame:
    """Each link once, with the strictest tier that uses it; certain when it is by an identifier."""
    tiers = [held.with_columns(pl.lit(tier).alias("tier")) for tier, (held, _) in decided.items()]
    strictest = pl.concat(tiers).unique(["left", "right", "rule"], keep="first", maintain_order=True)
    compared = _explained(scored, _among(scored, strictest)).drop("probability")
    return strictest.join(compared, on=["left", "right"], how="left")


def _among(scored: Scored | None, wanted: pl.DataFrame) -> Ints:
    """Where the wanted pairs stand among those compared."""
    if scored is None:
        return np.empty(0, np.int64)
    asked = unique(packed(wanted["left"].to_numpy(), wanted["right"].to_numpy()))
    return np.flatnonzero(contains(packed(scored.left, scored.right), asked))


def _review(
    scored: Scored, refused: pl.DataFrame, strict: Ints, guard: Guard, settings: Review, worth: Floats
) -> pl.DataFrame:
    """Pairs that are not one customer in the strict tier but might be.

    First where a wrong decision costs most: what both customers stand for (`worth` by record), times how
    likely the less likely answer is. What somebody decided about is nobody's question any more.
    """
    likely = (scored.probability >= settings.from_probability) & (strict[scored.left] != strict[scored.right])
    at = np.flatnonzero(likely)
    at = at[~guard.parted(scored.left[at], scored.right[at])]
    against = guard.among(scored.left[at], scored.right[at])
    shares = np.isin(at, _among(scored, refused))
    near = ~against & (scored.probability[at] < settings.to_probability)
    shown = near | (against & shares)
    reason = np.where(near, "near_threshold", "shared_identifier")[shown]
    at, of = at[shown], np.bincount(strict, worth, len(strict))
    stake = np.round(of[strict[scored.left[at]]] + of[strict[scored.right[at]]], 2)
    doubt = np.minimum(scored.probability[at], 1 - scored.probability[at])
    order = np.lexsort((scored.right[at], scored.left[at], -doubt, -(1 + stake) * doubt))[
        : settings.max_pairs
    ]
    return _explained(scored, at[order]).with_columns(
        pl.int_range(1, len(order) + 1, dtype=pl.Int32, eager=True).alias("rank"),
        pl.Series("value_at_stake", stake[order], dtype=pl.Float64),
        pl.Series("reason", reason[order], dtype=pl.String),
    )


_NO_REVIEW = PAIR | {
    "probability": pl.Float64, "evidence": pl.String, "value_at_stake": pl.Float64, "rank": pl.Int32,
    "reason": pl.String}  # fmt: skip


def report(
    records: pl.DataFrame, scored: Scored | None, refused: pl.DataFrame, decided: Decided, guard: Guard,
    rules: Rules, figures: dict[str, int], expected: dict[str, float], worth: Floats,
) -> Resolution:  # fmt: skip
    """Put a decision into tables. `records` is the comparable frame, in the order of its numbers."""
    keys = records["record_key"]
    labels = {tier: cluster for tier, (_, cluster) in decided.items()}
    clusters = records.select("record_key", "source", "record_kind").with_columns(
        keys.gather(label).alias(tier) for tier, label in labels.items()
    )
    held = _links(decided, scored)
    review = pl.DataFrame(schema=_NO_REVIEW)
    if scored:
        review = _review(scored, refused, labels["strict"], guard, rules.review, worth)
    counts = {
        "records": records.height,
        "records_with_name": int(records["is_named"].sum()),
        "candidate_pairs": len(scored.one) if scored else 0,
        "links": held.height,
    }
    return Resolution(
        _with_keys(held, keys), _with_keys(review, keys), clusters, scored.model if scored else None,
        counts | figures | _sizes(clusters), expected,
    )  # fmt: skip


def _sizes(clusters: pl.DataFrame) -> dict[str, int]:
    sizes = {}
    for tier in TIERS:
        per_customer = clusters.group_by(tier).len()["len"]
        sizes[f"customers_{tier}"] = per_customer.len()
        sizes[f"largest_{tier}"] = int(per_customer.max() or 0)  # type: ignore[arg-type]
    return sizes
