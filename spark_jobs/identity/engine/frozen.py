"""The engine with a model that is frozen: what it decides of records follows from them and the model alone.

So a table may be taken apart: pairs are found and compared wherever their records are, and each component of
likely pairs is decided by itself. `resolve` does it in one piece; `spark_jobs.identity.distributed` on Spark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import polars as pl

from spark_jobs.identity.engine import blocking, entities, linkage, weights
from spark_jobs.identity.engine.arrays import Floats, Ints, unpacked
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.columns import Mapping
from spark_jobs.identity.engine.entities import Ties
from spark_jobs.identity.engine.evidence import Scorer
from spark_jobs.identity.engine.known import Known, Memory, remember
from spark_jobs.identity.engine.prepare import Records, attributes, prepare
from spark_jobs.identity.engine.run import Pairs, Resolved, expected_precision
from spark_jobs.identity.engine.weights import Weights

_SIDES = ("m", "r", "u")


def _digest(value: str) -> str:
    return blake2b(value.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True)
class Frozen:
    """How much each level says, and what is known of values."""

    mapping: Mapping
    weights: Weights
    memory: Memory

    def to_json(self) -> str:
        """The mapping, weights as lists, what is known of values by hash."""
        shares = {side: [each.tolist() for each in getattr(self.weights, side)] for side in _SIDES}
        priors = {"prior": self.weights.prior, "prior_related": self.weights.prior_related}
        held = {"mapping": self.mapping.model_dump(), "weights": shares | priors}
        return json.dumps(held | {"memory": self.memory.as_dict()})

    @classmethod
    def from_json(cls, text: str) -> Frozen:
        """What `to_json` wrote."""
        held = json.loads(text)
        told = held["weights"]
        m, r, u = ([np.array(each) for each in told[side]] for side in _SIDES)
        weights = Weights(m, r, u, told["prior"], told["prior_related"])
        return cls(Mapping(**held["mapping"]), weights, Memory.from_dict(held["memory"]))

    def attributes(self, rows: pl.DataFrame) -> list[Attribute]:
        """What is compared of the rows, as the model knows values."""
        known = Known(self.memory, _digest)
        return [known.applied(each) for each in attributes(rows, self.mapping, self.memory.day_first)]

    def records(self, ids: pl.Series, rows: pl.DataFrame) -> Records:
        """The rows in canonical order."""
        known = Known(self.memory, _digest)
        records = prepare(ids, rows, self.mapping, frozen=self.memory.day_first)
        return replace(records, attributes=[known.applied(each) for each in records.attributes])

    def scorer(self, records: Records) -> Scorer:
        """Scores records against sets of them."""
        return Scorer(records.attributes, self.weights, self.memory.clusters)


def freeze(found: Resolved, mapping: Mapping) -> Frozen:
    """The model of a run that estimated one."""
    clusters = len(np.unique(found.labels))
    return Frozen(
        mapping, found.weights, remember(found.attributes, _digest, found.candidates.heat, clusters)
    )


@dataclass(frozen=True)
class Decided:
    """`labels`: the smallest number of each record's cluster; `own`: log-odds of each record's place."""

    labels: Ints
    own: Floats


def decide(records: Records, left: Ints, right: Ints, log_odds: Floats, frozen: Frozen) -> Decided:
    """Clusters of records by their pairs. Whole components may be decided apart from each other."""
    scorer, likely = frozen.scorer(records), log_odds > 0
    nobody = np.empty(0, np.int64)
    ties = Ties(left[likely], right[likely], nobody, nobody)
    labels = linkage.agglomerate(records.count, left, right, log_odds, records.ties)
    labels = entities.merge(labels, ties, scorer, records.ties)
    labels = entities.move(labels, ties, scorer)
    return Decided(labels, entities.own_scores(labels, scorer))


def resolve(ids: pl.Series, rows: pl.DataFrame, frozen: Frozen) -> tuple[pl.DataFrame, float]:
    """id, cluster_id in the order of the ids, and the expected precision."""
    records = frozen.records(ids, rows)
    found = blocking.again(records.attributes, records.nearness, frozen.memory.heat, records.key)
    left, right = unpacked(found.codes)
    levels = weights.compare_all(records.attributes, left, right)
    log_odds = frozen.weights.log_odds(levels)
    decided = decide(records, left, right, log_odds, frozen)
    by_row = np.empty(records.count, np.int64)
    by_row[records.place] = np.unique(decided.labels, return_inverse=True)[1] + 1
    expected = expected_precision(decided.labels, Pairs(left, right, levels, log_odds), decided.own)
    return pl.DataFrame({"id": ids, "cluster_id": by_row}), expected
