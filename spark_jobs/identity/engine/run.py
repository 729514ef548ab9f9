"""All steps of the engine, from a table of text to clusters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from spark_jobs.identity.engine import aliases, blocking, entities, linkage, weights
from spark_jobs.identity.engine.arrays import Codes, Floats, Ints, Levels, unpacked
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.bag import Bag
from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.columns import Mapping
from spark_jobs.identity.engine.entities import Ties
from spark_jobs.identity.engine.evidence import Scorer
from spark_jobs.identity.engine.prepare import Records, prepare
from spark_jobs.identity.engine.weights import Weights
from spark_jobs.identity.timing import Timer

LEAST_SHOWN = -3.0  # log-odds; what is less likely is nobody's question


@dataclass(frozen=True)
class Pairs:
    """Every candidate pair: record numbers, levels of shape (attributes, pairs), log-odds."""

    left: Ints
    right: Ints
    levels: Levels
    log_odds: Floats


@dataclass(frozen=True)
class Resolved:
    """What was decided. `labels`: the smallest record number of each record's cluster, in canonical order.

    `attributes` are those of the records with the aliases that were learnt.
    """

    records: Records
    attributes: list[Attribute]
    candidates: Candidates
    pairs: Pairs
    weights: Weights
    labels: Ints
    expected_precision: float
    timer: Timer = field(default_factory=Timer)

    def clusters(self, ids: pl.Series) -> pl.DataFrame:
        """id, cluster_id in the order of the ids given; clusters are numbered from 1 in canonical order."""
        dense = np.unique(self.labels, return_inverse=True)[1] + 1
        by_row = np.empty(len(dense), np.int64)
        by_row[self.records.place] = dense
        return pl.DataFrame({"id": ids, "cluster_id": by_row})

    def links(self, ids: pl.Series) -> pl.DataFrame:
        """Pairs of ids that may be one or are in one cluster: probability, log-odds, agreement."""
        same = self.labels[self.pairs.left] == self.labels[self.pairs.right]
        shown = np.flatnonzero(same | (self.pairs.log_odds > LEAST_SHOWN))
        by_number = ids.gather(self.records.place)
        levels = {
            attribute.name: pl.Series(
                [attribute.describe(level) for level in range(len(attribute.bits))]
            ).gather(column[shown].astype(np.uint32))
            for attribute, column in zip(self.records.attributes, self.pairs.levels, strict=True)
        }
        return pl.DataFrame(
            {
                "id_1": by_number.gather(self.pairs.left[shown]),
                "id_2": by_number.gather(self.pairs.right[shown]),
                "probability": weights.probability(self.pairs.log_odds[shown]),
                "log_odds": self.pairs.log_odds[shown],
                "same_cluster": same[shown],
                **{f"{name}_agreement": texts for name, texts in levels.items()},
            }
        )


@dataclass(frozen=True)
class Compared:
    """Candidate pairs and a sample of the others, with their levels, shape (attributes, pairs).

    Each of the others stands for `stands_for` pairs that were not blocked.
    """

    candidates: tuple[Ints, Ints]
    others: tuple[Ints, Ints]
    stands_for: float
    levels: Levels
    other_levels: Levels

    def again(self, attributes: list[Attribute], taught: list[Attribute]) -> Compared:
        """With the levels that learnt aliases change."""
        levels, others = self.levels.copy(), self.other_levels.copy()
        for number, (before, now) in enumerate(zip(attributes, taught, strict=True)):
            if isinstance(now, Bag) and now is not before:
                now.compare_again(*self.candidates, levels[number])
                now.compare_again(*self.others, others[number])
        return replace(self, levels=levels, other_levels=others)


def compare(records: Records, codes: Codes, with_others: bool = True) -> Compared:
    """Compare all candidates and, for an estimation, the sample of others."""
    left, right = unpacked(codes)
    one, other, stands_for = (
        weights.unblocked(records.count, codes) if with_others else (left[:0], right[:0], 0.0)
    )
    levels = weights.compare_all(records.attributes, left, right)
    others = weights.compare_all(records.attributes, one, other)
    return Compared((left, right), (one, other), stands_for, levels, others)


def _ties(pairs: Pairs) -> Ties:
    likely = pairs.log_odds > 0
    nobody = np.empty(0, np.int64)
    return Ties(pairs.left[likely], pairs.right[likely], nobody, nobody)


def _decided(
    records: Records, attributes: list[Attribute], compared: Compared, timer: Timer
) -> tuple[Ints, Pairs, Scorer]:
    """Weights, clusters by average linkage, entities."""
    with timer.step("weights"):
        counted = weights.patterns(compared.levels, compared.other_levels, compared.stands_for)
        model = weights.estimate(attributes, counted, records.count)
        pairs = Pairs(*compared.candidates, compared.levels, model.log_odds(compared.levels))
    scorer = Scorer(attributes, model)
    with timer.step("linkage"):
        labels = linkage.agglomerate(records.count, pairs.left, pairs.right, pairs.log_odds, records.ties)
    with timer.step("entities"):
        labels = entities.merge(labels, _ties(pairs), scorer, records.ties)
    return labels, pairs, scorer


def resolve(ids: pl.Series, rows: pl.DataFrame, mapping: Mapping, timer: Timer | None = None) -> Resolved:
    """Decide which rows are one entity. `rows` has the columns of the mapping, as text."""
    timer = timer or Timer()
    with timer.step("prepare"):
        records = prepare(ids, rows, mapping)
    with timer.step("blocking"):
        found = blocking.find(records.attributes, records.nearness, key=records.key)
    with timer.step("compare"):
        compared = compare(records, found.codes)
    labels, pairs, scorer = _decided(records, records.attributes, compared, timer)
    with timer.step("aliases"):
        same = labels[pairs.left] == labels[pairs.right]
        taught = aliases.with_aliases(records.attributes, pairs.left[same], pairs.right[same], labels)
        is_taught = any(one is not other for one, other in zip(records.attributes, taught, strict=True))
        compared = compared.again(records.attributes, taught) if is_taught else compared
    if is_taught:
        labels, pairs, scorer = _decided(records, taught, compared, timer)
    with timer.step("moves"):
        labels = entities.move(labels, _ties(pairs), scorer)
    with timer.step("precision"):
        expected = expected_precision(labels, pairs, entities.own_scores(labels, scorer))
    return Resolved(records, scorer.attributes, found, pairs, scorer.weights, labels, expected, timer)


def expected_precision(labels: Ints, pairs: Pairs, own: Floats) -> float:
    """Share of pairs of records in one cluster that are one entity, by the model; 1 without any pair."""
    sure, of = certainty(labels, pairs, own)
    return sure / of if of else 1.0


def certainty(labels: Ints, pairs: Pairs, own: Floats) -> tuple[float, float]:
    """How many pairs of records in one cluster are one entity, by the model, and how many there are.

    A pair is as sure as its own comparison makes it, or as the less sure of both is of its place. `own`:
    log-odds of each record's place, by `entities.own_scores`.
    """
    place = weights.probability(own)
    members = entities.Members.of(labels)
    sizes = members.sizes[members.sizes > 1]
    total = float((sizes * (sizes - 1) / 2).sum())
    same = labels[pairs.left] == labels[pairs.right]
    left, right = pairs.left[same], pairs.right[same]
    sure = np.maximum(weights.probability(pairs.log_odds[same]), np.minimum(place[left], place[right]))
    # Pairs of a cluster that were never compared are as sure as the places of their records.
    compared = np.bincount(labels[left], minlength=len(labels))
    missing = members.sizes * (members.sizes - 1) / 2 - compared
    mean_place = np.bincount(labels, place, len(labels)) / np.maximum(members.sizes, 1)
    return float(sure.sum() + (missing * mean_place).sum()), total
