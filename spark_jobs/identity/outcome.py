"""What a match run decided, as tables: links, doubtful pairs, clusters, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from spark_jobs.identity import compare
from spark_jobs.identity.candidates import Candidates
from spark_jobs.identity.compare import Bools, Levels
from spark_jobs.identity.exact import ExactLinks
from spark_jobs.identity.model import Floats, Model
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Review, Rules

TIERS = ("exact", "strict", "loose")


@dataclass(frozen=True)
class Resolution:
    """What was decided.

    `links` and `review` are pairs of record keys; `clusters` has record_key, source, record_kind and, for
    each tier, the smallest record key of the record's cluster. `model` is None when there was nothing to
    learn from.
    """

    links: pl.DataFrame
    review: pl.DataFrame
    clusters: pl.DataFrame
    model: Model | None
    counts: dict[str, int]


@dataclass(frozen=True)
class Scored:
    """Every pair that was compared: its levels, its probability, and whether it cannot be one person."""

    left: Ints
    right: Ints
    levels: Levels
    probability: Floats
    contradicts: Bools

    def explained(self) -> pl.DataFrame:
        """One row per pair: left, right, probability, evidence, contradicts."""
        return pl.DataFrame(
            {
                "left": self.left,
                "right": self.right,
                "probability": self.probability,
                "evidence": compare.evidence(self.levels),
                "contradicts": self.contradicts,
            }
        )


Decided = Mapping[str, tuple[pl.DataFrame, Ints]]


def _with_keys(pairs: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """Record keys instead of numbers; numbers follow the order of keys, so the smaller key stays first."""
    named = pairs.with_columns(
        keys.gather(pairs["left"]).alias("record_key_1"), keys.gather(pairs["right"]).alias("record_key_2")
    )
    return named.drop("left", "right").sort("record_key_1", "record_key_2")


def _links(decided: Decided, explained: pl.DataFrame) -> pl.DataFrame:
    """Each link once, with the strictest tier that uses it; certain when it is by an identifier."""
    tiers = [held.with_columns(pl.lit(tier).alias("tier")) for tier, (held, _) in decided.items()]
    strictest = pl.concat(tiers).unique(["left", "right", "rule"], keep="first", maintain_order=True)
    known = strictest.join(explained.drop("contradicts"), on=["left", "right"], how="left")
    certain = pl.when(pl.col("rule") == "similar").then(pl.col("probability")).otherwise(1.0)
    return known.with_columns(certain.alias("probability"))


def _review(
    scored: pl.DataFrame, refused: pl.DataFrame, labels: Mapping[str, Ints], settings: Review
) -> pl.DataFrame:
    """Pairs that are not one customer in the strict tier but might be, the most doubtful first."""
    strict = pl.Series("label", labels["strict"])
    apart = scored.filter(strict.gather(scored["left"]) != strict.gather(scored["right"]))
    likely = pl.col("probability") >= settings.from_probability
    near = apart.filter(likely & (pl.col("probability") < settings.to_probability) & ~pl.col("contradicts"))
    sure = apart.filter(pl.col("contradicts")).join(
        refused.unique(["left", "right"]), on=["left", "right"], how="semi"
    )
    reasons = pl.concat(
        [
            near.with_columns(pl.lit("near_threshold").alias("reason")),
            sure.filter(likely).with_columns(pl.lit("shared_identifier").alias("reason")),
        ]
    )
    doubt = (pl.col("probability") - 0.5).abs()
    return reasons.sort(doubt, "left", "right").head(settings.max_pairs).drop("contradicts")


def report(
    records: pl.DataFrame, scored: Scored, links: ExactLinks, found: Candidates, model: Model | None,
    decided: Decided, rules: Rules,
) -> Resolution:  # fmt: skip
    """Put a decision into tables. `records` is the comparable frame, in the order of its numbers."""
    keys, explained = records["record_key"], scored.explained()
    labels = {tier: cluster for tier, (_, cluster) in decided.items()}
    clusters = records.select("record_key", "source", "record_kind").with_columns(
        keys.gather(label).alias(tier) for tier, label in labels.items()
    )
    held = _links(decided, explained)
    counts = {
        "records": records.height,
        "records_with_name": int(records["is_named"].sum()),
        "candidate_pairs": len(scored.left),
        "largest_block": found.largest_block,
        "records_windowed": found.count_windowed,
        "values_over_limit": int(links.values["is_over"].sum()),
        "links": held.height,
        "links_refused": links.refused.height,
    }
    review = _review(explained, links.refused, labels, rules.review)
    return Resolution(
        _with_keys(held, keys), _with_keys(review, keys), clusters, model, counts | _sizes(clusters)
    )


def _sizes(clusters: pl.DataFrame) -> dict[str, int]:
    sizes = {}
    for tier in TIERS:
        per_customer = clusters.group_by(tier).len()["len"]
        sizes[f"customers_{tier}"] = per_customer.len()
        sizes[f"largest_{tier}"] = int(per_customer.max() or 0)  # type: ignore[arg-type]
    return sizes
