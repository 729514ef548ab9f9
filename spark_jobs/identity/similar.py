"""Named records that say the same: which pairs are compared, what agreement weighs, how likely they are one.

Every pair stands in the numbers of the night's records, the smaller one left, and in places of the engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from spark_jobs.identity.engine import aliases, blocking, linkage, run, weights
from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, Levels, unique
from spark_jobs.identity.engine.evidence import Scorer
from spark_jobs.identity.engine.heat import Heat
from spark_jobs.identity.engine.known import KeyOf, remember
from spark_jobs.identity.engine.run import Compared
from spark_jobs.identity.model import Model, rounded
from spark_jobs.identity.named import Named

HasFamilies = Callable[[Ints, Ints], bool]
BIT = np.log(2)
LEAST_PAIRS = 20_000  # few records are compared more thoroughly


@dataclass(frozen=True)
class Scored:
    """Every pair that was compared, in the engine's order: levels of shape (fields, pairs), log-odds.

    `left` and `right` are the night's numbers, the smaller one left; `one` and `other` the engine's places.
    """

    named: Named
    model: Model
    one: Ints
    other: Ints
    levels: Levels
    log_odds: Floats

    @property
    def scorer(self) -> Scorer:
        """Scores records against sets of records."""
        return Scorer(self.named.records.attributes, self.model.weights, self.model.memory.clusters)

    def only(self, places: Bools) -> Scored:
        """The pairs among some of the engine's places, which are numbered anew."""
        at = np.flatnonzero(places[self.one] & places[self.other])
        anew = np.cumsum(places) - 1
        return Scored(
            self.named.only(np.flatnonzero(places)), self.model, anew[self.one[at]], anew[self.other[at]],
            self.levels[:, at], self.log_odds[at],
        )  # fmt: skip

    @property
    def left(self) -> Ints:
        """The smaller of the night's numbers."""
        return np.minimum(self.named.numbers[self.one], self.named.numbers[self.other])

    @property
    def right(self) -> Ints:
        """The larger one."""
        return np.maximum(self.named.numbers[self.one], self.named.numbers[self.other])

    @property
    def probability(self) -> Floats:
        """That each pair is one person, rounded, so that it is the same on every machine."""
        return np.round(weights.probability(self.log_odds), 6)

    def evidence(self, at: Ints) -> pl.Series:
        """The waterfall of some pairs as JSON: a list of field, level, bits, without values."""
        patterns, back = np.unique(self.levels[:, at], axis=1, return_inverse=True)
        return self._waterfalls(patterns).gather(back.ravel())

    def _waterfalls(self, patterns: Levels) -> pl.Series:
        """One text for each column of levels."""
        fitted, attributes = self.model.weights, self.named.records.attributes
        texts: list[list[str]] = [[] for _ in patterns.T]
        start = round(fitted.log_prior_odds / BIT, 2)
        for ratio, attribute, column in zip(fitted.match_ratios, attributes, patterns, strict=True):
            steps = [_step(attribute.name, attribute.describe(level), float(ratio[level]) / BIT)
                     for level in range(len(ratio))]  # fmt: skip
            for text, level in zip(texts, column, strict=True):
                if level:
                    text.append(steps[level])
        alone = fitted.log_prior_odds + sum(
            ratio[column] for ratio, column in zip(fitted.match_ratios, patterns, strict=True)
        )
        relatives = (fitted.log_odds(patterns) - alone) / BIT
        first = _step("chance", "before anything is compared", start)
        last = [_step("household", "as likely relatives", bits) if bits < -0.01 else None
                for bits in relatives]  # fmt: skip
        return pl.Series(
            ["[" + ", ".join([first, *text, *([end] if end else [])]) + "]"
             for text, end in zip(texts, last, strict=True)],
            dtype=pl.String,
        )  # fmt: skip


def _step(field: str, level: str, bits: float) -> str:
    return json.dumps({"field": field, "level": level, "bits": round(bits, 2)})


def compare(
    named: Named, also: Codes, pairs_per_record: float, with_others: bool
) -> tuple[Compared, blocking.Candidates]:
    """Compare what blocking brings together, and the pairs `also` (as packed places).

    The sample of other pairs, `with_others`, is for an estimation.
    """
    budget = max(pairs_per_record * named.records.count, LEAST_PAIRS)
    records = named.records
    found = blocking.find(records.attributes, records.nearness, budget, records.key)
    codes = unique(np.concatenate([found.codes, also]))
    return run.compare(records, codes, with_others), found


@dataclass(frozen=True)
class Estimated:
    """A model and the named records as it sees them, with the pairs compared."""

    named: Named
    model: Model
    pairs: tuple[Ints, Ints]
    levels: Levels


def _fitted(named: Named, compared: Compared) -> weights.Weights:
    counted = weights.patterns(compared.levels, compared.other_levels, compared.stands_for)
    return rounded(weights.estimate(named.records.attributes, counted, named.records.count))


def estimate(
    named: Named,
    compared: Compared,
    heat: Heat,
    start: Ints,
    has_families: HasFamilies,
    key_of: KeyOf,
) -> Estimated:
    """Find the parameters by EM, learn aliases from first clusters, and estimate once more.

    `heat`: what blocking found hot; `start`: clusters by identifiers, as places;
    `has_families` tells from pairs of the night's numbers.
    """
    records, (one, other) = named.records, compared.candidates
    first = _fitted(named, compared)
    labels = linkage.agglomerate(
        records.count, one, other, first.log_odds(compared.levels), records.ties, start
    )
    same = labels[one] == labels[other]
    taught = aliases.with_aliases(records.attributes, one[same], other[same], labels)
    if any(now is not before for now, before in zip(taught, records.attributes, strict=True)):
        compared = compared.again(records.attributes, taught)
        named = replace(named, records=replace(records, attributes=taught))
        first = _fitted(named, compared)
    model = Model(
        levels={attribute.name: len(attribute.bits) for attribute in taught},
        weights=first,
        has_families=has_families(named.numbers[one], named.numbers[other]),
        memory=remember(taught, key_of, heat, len(np.unique(labels))),
        records=records.count,
    )
    return Estimated(named, model, (one, other), compared.levels)
