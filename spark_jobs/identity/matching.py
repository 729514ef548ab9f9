"""The match engine: records and identifiers in, links and clusters of three tiers out. No Spark, no clock.

Grain of the input: `records` one row per record (clean form, see `standardise`), `identifiers` one row per
record, kind and key. Nothing depends on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity import (
    attach,
    candidates,
    cluster,
    compare,
    contradiction,
    exact,
    outcome,
    pairs,
    standardise,
)  # fmt: skip
from spark_jobs.identity.compare import Bools, Forms, Levels
from spark_jobs.identity.contradiction import Contradictions
from spark_jobs.identity.model import Model
from spark_jobs.identity.outcome import TIERS, Resolution, Scored
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules
from spark_jobs.identity.timing import Timer

IDENTIFIER = ("record_key", "kind", "key", "is_owner")
CERTAIN = 2.0  # weight of a link by an identifier: it outlives every similar pair


def _numbered(records: pl.DataFrame) -> pl.DataFrame:
    comparable = standardise.comparable(records)
    return comparable.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))


def _numbered_identifiers(identifiers: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    known = records.select("record_key", "number", "record_kind", "is_named")
    per_value = identifiers.group_by("record_key", "kind", "key").agg(pl.col("is_owner").any())
    return per_value.join(known, on="record_key").sort("number", "kind", "key").drop("record_key")


def _all_pairs(found: candidates.Candidates, links: exact.ExactLinks, count: int) -> pairs.Pairs:
    by_value = pl.concat([links.links, links.refused])
    left = np.concatenate([found.left, by_value["left"].to_numpy()])
    right = np.concatenate([found.right, by_value["right"].to_numpy()])
    return pairs.unique(left, right, count)


def _random_pairs(named: Ints, count: int) -> pairs.Pairs:
    """Pairs of different named records, drawn with a fixed seed: what two people agree in by chance."""
    dice = np.random.default_rng(20170101)
    one, other = dice.choice(named, count), dice.choice(named, count)
    different = one != other
    return pairs.ordered(one[different], other[different])


def learn(forms: Forms, named: Ints, levels: Levels, rules: Rules) -> Model | None:
    """Estimate a model from candidate pairs; None when there are too few records or pairs to learn from."""
    families = contradiction.read_off(levels)
    usable = levels[~families.among(levels)]
    if len(named) < 2 or not len(usable):
        return None
    # Nights use a frozen model: only an estimation pays the seconds that importing recordlinkage takes.
    from spark_jobs.identity.estimate import estimate

    step = max(1, -(-len(usable) // rules.model.max_fit_pairs))
    chance = compare.all_levels(forms, *_random_pairs(named, rules.model.random_pairs))
    return estimate(usable[::step], chance, len(named), families.has_families)


def _scored(left: Ints, right: Ints, levels: Levels, model: Model | None) -> Scored:
    contradicts = _contradictions(model).among(levels)
    probability = model.probability(levels) if model else np.zeros(len(levels))
    return Scored(left, right, levels, probability, contradicts)


def _contradictions(model: Model | None) -> Contradictions:
    return Contradictions(model.has_families) if model else Contradictions()


def _edges(scored: Scored, links: pl.DataFrame, threshold: float | None) -> pl.DataFrame:
    """Links between named records of one tier: left, right, rule, weight. No threshold: identifiers only."""
    by_value = links.with_columns(pl.lit(CERTAIN).alias("weight"))
    if threshold is None:
        return by_value
    likely = np.flatnonzero((scored.probability >= threshold) & ~scored.contradicts)
    similar = pl.DataFrame({
        "left": scored.left[likely],
        "right": scored.right[likely],
        "rule": pl.repeat("similar", len(likely), eager=True),
        "weight": scored.probability[likely],
    })  # fmt: skip
    return pl.concat([by_value, similar]).sort("left", "right", "rule")


@dataclass(frozen=True)
class _Guarded:
    """What the clusters of every tier are made of."""

    records: pl.DataFrame
    forms: Forms
    identifiers: pl.DataFrame
    contradictions: Contradictions
    rules: Rules

    def contradicts(self, one: Ints, other: Ints) -> Bools:
        """Which pairs of record numbers cannot be one person."""
        return self.contradictions.among(compare.name_and_birth_levels(self.forms, one, other))

    def tier(self, edges: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
        """The links that hold, with those of records without a name, and the cluster of each record."""
        left, right, weight = (edges[column].to_numpy() for column in ("left", "right", "weight"))
        count = self.records.height
        keep = cluster.kept_links(count, left, right, weight, self.contradicts, self.rules.limits.component)
        held = edges.filter(pl.Series(keep)).select("left", "right", "rule")
        labels = cluster.components(count, held["left"].to_numpy(), held["right"].to_numpy())
        links = pl.concat([held, attach.find(labels, self.identifiers, self.rules)])
        return links, cluster.components(count, links["left"].to_numpy(), links["right"].to_numpy())


def resolve(
    records: pl.DataFrame,
    identifiers: pl.DataFrame,
    rules: Rules,
    model: Model | None = None,
    timer: Timer | None = None,
) -> Resolution:
    """Decide who is who. Without a model one is estimated from these records; else it is used as it is."""
    timer = timer or Timer()
    with timer.step("standardise"):
        numbered = _numbered(records)
        bears = pl.concat([identifiers.select(IDENTIFIER), standardise.mailboxes(numbered)])
        values = _numbered_identifiers(bears, numbered)
        forms = compare.forms(numbered, rules.model.rare_share)
    with timer.step("exact"):
        links = exact.find(values.filter("is_named"), forms, rules)
        forms = compare.with_shared(forms, numbered, exact.shared_values(links.values))
        usable = values.join(links.values.filter("is_over"), on=["kind", "key"], how="anti")
    with timer.step("candidates"):
        found = candidates.find(numbered, rules.blocking)
        left, right = _all_pairs(found, links, numbered.height)
    with timer.step("compare"):
        levels = compare.all_levels(forms, left, right)
    with timer.step("model"):
        model = model or learn(forms, numbered.filter("is_named")["number"].to_numpy(), levels, rules)
        scored = _scored(left, right, levels, model)
    with timer.step("cluster"):
        guarded = _Guarded(numbered, forms, usable, _contradictions(model), rules)
        thresholds = {"exact": None, "strict": rules.tiers.strict, "loose": rules.tiers.loose}
        decided = {tier: guarded.tier(_edges(scored, links.links, thresholds[tier])) for tier in TIERS}
    with timer.step("report"):
        return outcome.report(numbered, scored, links, found, model, decided, rules)
