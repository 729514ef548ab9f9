"""All steps of the engine, from a table of text to clusters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from spark_jobs.identity.engine import aliases, blocking, entities, linkage, weights
from spark_jobs.identity.engine.arrays import Floats, Ints, Levels, unpacked
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.columns import Mapping
from spark_jobs.identity.engine.entities import Ties
from spark_jobs.identity.engine.evidence import Scorer
from spark_jobs.identity.engine.prepare import Records, prepare
from spark_jobs.identity.engine.weights import Weights
from spark_jobs.identity.timing import Timer


@dataclass(frozen=True)
class Pairs:
    """Every candidate pair: record numbers, levels of shape (attributes, pairs), log-odds."""

    left: Ints
    right: Ints
    levels: Levels
    log_odds: Floats


@dataclass(frozen=True)
class Resolved:
    """What was decided. `labels`: the smallest record number of each record's cluster, in canonical order."""

    records: Records
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


def _estimated(records: Records, attributes: list[Attribute], levels: Levels, found: Candidates) -> Weights:
    left, right, stands_for = weights.unblocked(records.count, found.codes)
    others = weights.compare_all(attributes, left, right)
    return weights.estimate(attributes, weights.patterns(levels, others, stands_for), records.count)


def _clustered(records: Records, pairs: Pairs, scorer: Scorer, timer: Timer) -> Ints:
    likely = pairs.log_odds > 0
    nobody = np.empty(0, np.int64)
    ties = Ties(pairs.left[likely], pairs.right[likely], nobody, nobody)
    with timer.step("linkage"):
        labels = linkage.agglomerate(records.count, pairs.left, pairs.right, pairs.log_odds, records.ties)
    with timer.step("entities"):
        labels = entities.merge(labels, ties, scorer, records.ties)
    with timer.step("moves"):
        return entities.move(labels, ties, scorer)


def _decided(
    records: Records, attributes: list[Attribute], found: Candidates, known: Levels | None, timer: Timer
) -> tuple[Ints, Pairs, Weights, Scorer]:
    left, right = unpacked(found.codes)
    with timer.step("compare"):
        levels = weights.compare_all(attributes, left, right)
    with timer.step("weights"):
        model = _estimated(records, attributes, levels, found)
        pairs = Pairs(left, right, levels, model.log_odds(levels))
    scorer = Scorer(attributes, model)
    return _clustered(records, pairs, scorer, timer), pairs, model, scorer


def resolve(ids: pl.Series, rows: pl.DataFrame, mapping: Mapping, timer: Timer | None = None) -> Resolved:
    """Decide which rows are one entity. `rows` has the columns of the mapping, as text."""
    timer = timer or Timer()
    with timer.step("prepare"):
        records = prepare(ids, rows, mapping)
    with timer.step("blocking"):
        found = blocking.find(records.attributes, records.nearness)
    attributes = records.attributes
    labels, pairs, model, scorer = _decided(records, attributes, found, None, timer)
    with timer.step("aliases"):
        same = labels[pairs.left] == labels[pairs.right]
        taught = aliases.with_aliases(attributes, pairs.left[same], pairs.right[same], labels)
    if any(one is not other for one, other in zip(attributes, taught, strict=True)):
        labels, pairs, model, scorer = _decided(records, taught, found, pairs.levels, timer)
    with timer.step("precision"):
        expected = expected_precision(labels, pairs, scorer)
    return Resolved(records, found, pairs, model, labels, expected, timer)


def expected_precision(labels: Ints, pairs: Pairs, scorer: Scorer) -> float:
    """Share of pairs of records in one cluster that are one entity, by the model; 1 without any pair.

    A pair is as sure as its own comparison makes it, or as the less sure of both is of its place.
    """
    place = weights.probability(entities.own_scores(labels, scorer))
    members = entities.Members.of(labels)
    own = np.sort(place[members.records])  # noqa: F841
    sizes = members.sizes[members.sizes > 1]
    total = float((sizes * (sizes - 1) / 2).sum())
    same = labels[pairs.left] == labels[pairs.right]
    left, right = pairs.left[same], pairs.right[same]
    sure = np.maximum(weights.probability(pairs.log_odds[same]), np.minimum(place[left], place[right]))
    # Pairs of a cluster that were never compared are as sure as the places of their records.
    compared = np.bincount(labels[left], minlength=len(labels))
    missing = members.sizes * (members.sizes - 1) / 2 - compared
    mean_place = np.bincount(labels, place, len(labels)) / np.maximum(members.sizes, 1)
    return float((sure.sum() + (missing * mean_place).sum()) / total) if total else 1.0
