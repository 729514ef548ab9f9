"""Fellegi and Sunter's weights by EM over the whole pair space, without labels.

Patterns of levels are counted: millions of pairs, tens of thousands of patterns. Blocked pairs have weight 1;
a random sample of pairs that were not blocked stands for all the others and counts as no match (a sample of
all pairs would hold true matches, and would spoil u). So the share of matches is that among all pairs, and a
probability of one half is where the model itself decides.

Where people share homes there is a third kind of pair beside one person and two strangers: two relatives.
They agree in surname, address and telephone like one person, and in all else like strangers. Without them the
attributes of a household, each counted as if independent of the others, make a family one person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from spark_jobs.identity.engine.arrays import (
    Codes,
    Floats,
    Ints,
    Levels,
    chunks,
    contains,
    mixed,
    packed,
    unpacked,
)
from spark_jobs.identity.engine.attribute import Attribute

SAMPLE = 1_000_000  # pairs that were not blocked: with fewer what is rare among strangers is told by chance
ROUNDS, CLOSE_ENOUGH = 25, 1e-4
START_MARGIN = 3.0  # bits above what brings one record and another together by chance
PRIOR_PAIRS = 2.0  # pairs that smooth the shares of levels
MOST_PRIOR = 0.1  # of the strangers: in a table of five rows two pairs would be most of them
MOST_LOG_RATIO = 25.0
UNSEEN = 0.5  # pairs that a level without any may have had (Jeffreys)


def _log_ratios(shares: list[Floats], u: list[Floats]) -> list[Floats]:
    found = []
    for share, chance in zip(shares, u, strict=True):
        ratio = np.log(np.maximum(share, 1e-300)) - np.log(np.maximum(chance, 1e-300))
        ratio[0] = 0.0  # a missing value weighs nothing
        found.append(np.clip(ratio, -MOST_LOG_RATIO, MOST_LOG_RATIO))
    return found


@dataclass(frozen=True)
class Weights:
    """By attribute, shape (levels,): the share of each level among matches (m), relatives (r), strangers (u).

    `prior` and `prior_related` are shares of all pairs; without households the second is 0.
    """

    m: list[Floats]
    r: list[Floats]
    u: list[Floats]
    prior: float
    prior_related: float

    @cached_property
    def match_ratios(self) -> list[Floats]:
        """Natural logarithm of m / u by level, 0 for missing."""
        return _log_ratios(self.m, self.u)

    @cached_property
    def related_ratios(self) -> list[Floats]:
        """Natural logarithm of r / u by level, 0 for missing."""
        return _log_ratios(self.r, self.u)

    @property
    def log_prior_odds(self) -> float:
        """Of a match against strangers, before anything is compared."""
        return float(np.log(self.prior / (1 - self.prior - self.prior_related)))

    def less_related(self, match: Floats, related: Floats) -> Floats:
        """Log-odds of a match against all else, from those against strangers and evidence of relatives."""
        if not self.prior_related:
            return match
        log_prior = np.log(self.prior_related / (1 - self.prior - self.prior_related))
        return np.asarray(match - np.logaddexp(0.0, related + log_prior))

    def log_odds(self, levels: Levels) -> Floats:
        """That each pair is one; `levels` has shape (attributes, pairs)."""
        total = np.empty(levels.shape[1])
        for at in chunks(levels.shape[1]):
            match = self.log_prior_odds + _summed(self.match_ratios, levels[:, at])
            related = _summed(self.related_ratios, levels[:, at]) if self.prior_related else match
            total[at] = self.less_related(match, related)
        return total


def _summed(ratios: list[Floats], levels: Levels) -> Floats:
    return np.sum([ratio[column] for ratio, column in zip(ratios, levels, strict=True)], axis=0)


@dataclass(frozen=True)
class Patterns:
    """Different rows of levels, shape (patterns, attributes), with how many pairs have each.

    `candidates` counts blocked pairs, `others` stands for all that were not.
    """

    levels: Levels
    candidates: Floats
    others: Floats


def probability(log_odds: Floats) -> Floats:
    """Logistic function."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))


def compare_all(attributes: list[Attribute], left: Ints, right: Ints) -> Levels:
    """Levels of every attribute, shape (attributes, pairs)."""
    return np.array([attribute.compare(left, right) for attribute in attributes], np.uint8).reshape(
        len(attributes), len(left)
    )


def unblocked(count: int, blocked: Codes) -> tuple[Ints, Ints, float]:
    """Pairs that are not candidates, and how many pairs each of them stands for."""
    total = count * (count - 1) // 2
    if total <= SAMPLE:
        left, right = np.triu_indices(count, 1)
    else:
        dice = np.random.default_rng(20170101)
        left, right = dice.integers(0, count, SAMPLE), dice.integers(0, count, SAMPLE)
    left, right = np.minimum(left, right), np.maximum(left, right)
    codes = packed(left, right)
    keep = (left != right) & ~contains(codes, blocked)
    left, right = unpacked(codes[keep])
    return left, right, (total - len(blocked)) / max(len(left), 1)


def _counted(levels: Levels) -> tuple[Levels, Floats]:
    codes = np.zeros(levels.shape[1], np.uint64)
    for column in levels:
        codes = mixed(codes + column)
    frame = pl.DataFrame({"code": codes, "at": np.arange(len(codes))})
    counted = frame.group_by("code").agg(pl.col("at").first(), pl.len()).sort("code")
    return levels[:, counted["at"].to_numpy()].T, counted["len"].to_numpy().astype(float)


def patterns(candidates: Levels, others: Levels, weight: float) -> Patterns:
    """Count the levels of candidates, and of others that stand for `weight` pairs each."""
    blocked, count_blocked = _counted(candidates)
    rest, count_rest = _counted(others)
    return Patterns(
        np.concatenate([blocked, rest]),
        np.concatenate([count_blocked, np.zeros(len(rest))]),
        np.concatenate([np.zeros(len(blocked)), count_rest * weight]),
    )


def _shares(
    attributes: list[Attribute], counted: Patterns, weights: Floats, prior: float = PRIOR_PAIRS
) -> Iterator[Floats]:
    """Share of each level in its group, missing apart, smoothed by how common levels are among candidates."""
    for number, attribute in enumerate(attributes):
        column, groups = counted.levels[:, number], attribute.groups
        common = np.bincount(column, counted.candidates, len(groups)) + 0.01
        counts = np.bincount(column, weights, len(groups)).astype(np.float64)
        common[0] = counts[0] = 0.0
        counts += prior * common / np.bincount(groups, common)[groups]
        yield counts / np.bincount(groups, counts)[groups]


def _with_unseen(
    attributes: list[Attribute], counted: Patterns, weights: Floats, shares: list[Floats], u: list[Floats]
) -> list[Floats]:
    """What is rare among strangers too, and was not seen among so few pairs, does not speak against them."""
    found = []
    for number, (attribute, share, chance) in enumerate(zip(attributes, shares, u, strict=True)):
        counts = np.bincount(counted.levels[:, number], weights, len(share))
        counts[0] = 0.0
        told = np.bincount(attribute.groups, counts)[attribute.groups]
        found.append(np.maximum(share, np.minimum(chance, UNSEEN / np.maximum(told, 1.0))))
    return found


def _has_households(attributes: list[Attribute]) -> bool:
    """Whether relatives could be told: they share an address, and part of the name."""
    return {"name", "address"} <= {a.name for a in attributes}


def _start(attributes: list[Attribute], counted: Patterns, records: int) -> tuple[Floats, Floats]:
    """Which patterns look like matches at first, and which like relatives.

    Both agree in more bits than chance explains; relatives contradict each other in part of the name.
    """
    agreed, against = np.zeros(len(counted.levels)), np.zeros(len(counted.levels), bool)
    for number, attribute in enumerate(attributes):
        agreed += attribute.bits[counted.levels[:, number]]
        if attribute.name == "name":
            against |= attribute.contradicts[counted.levels[:, number]]
    pairs = max(records * (records - 1) / 2, 1.0)
    likely = agreed > np.log2(max(pairs / records, 1.0)) + START_MARGIN
    related = likely & against & _has_households(attributes)
    return np.where(likely & ~related, 0.95, 0.0), np.where(related, 0.9, 0.0)


def _as_related(attributes: list[Attribute], r: list[Floats], u: list[Floats]) -> list[Floats]:
    """Relatives agree like strangers in what does not run in families."""
    return [own if a.runs_in_families else chance for a, own, chance in zip(attributes, r, u, strict=True)]


def estimate(attributes: list[Attribute], counted: Patterns, records: int) -> Weights:
    """Expectation and maximisation until the share of matches stands still."""
    pairs = max(records * (records - 1) / 2, 1.0)
    is_match, is_related = _start(attributes, counted, records)
    columns = np.ascontiguousarray(counted.levels.T)
    weights, before = None, 0.0
    for _ in range(ROUNDS):
        weights = _maximised(
            attributes, counted, is_match * counted.candidates, is_related * counted.candidates, pairs
        )
        if abs(weights.prior - before) < CLOSE_ENOUGH * weights.prior:
            break
        before = weights.prior
        is_match, is_related = _expected(weights, columns)
    assert weights is not None
    return weights


def _maximised(
    attributes: list[Attribute], counted: Patterns, matches: Floats, related: Floats, pairs: float
) -> Weights:
    strangers = counted.candidates - matches - related + counted.others
    prior_pairs = min(PRIOR_PAIRS, MOST_PRIOR * float(strangers.sum()))
    u = list(_shares(attributes, counted, strangers, prior_pairs))
    r = _with_unseen(attributes, counted, related, list(_shares(attributes, counted, related)), u)
    m = _with_unseen(attributes, counted, matches, list(_shares(attributes, counted, matches)), u)
    prior = float(np.clip(matches.sum() / pairs, 0.1 / pairs, 0.5))
    prior_related = float(min(related.sum() / pairs, 0.4))
    return Weights(m, _as_related(attributes, r, u), u, prior, prior_related)


def _expected(weights: Weights, columns: Levels) -> tuple[Floats, Floats]:
    """Probabilities of a match and of relatives; `columns` has shape (attributes, patterns)."""
    if not weights.prior_related:
        return probability(weights.log_odds(columns)), np.zeros(columns.shape[1])
    stranger = 1 - weights.prior - weights.prior_related
    match = weights.log_prior_odds + _summed(weights.match_ratios, columns)
    related = np.log(weights.prior_related / stranger) + _summed(weights.related_ratios, columns)
    total = np.logaddexp(0.0, np.logaddexp(match, related))
    return np.exp(match - total), np.exp(related - total)
