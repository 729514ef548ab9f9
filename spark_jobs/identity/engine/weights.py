"""Fellegi and Sunter's weights by EM over the whole pair space, without labels.

Patterns of levels are counted: millions of pairs, tens of thousands of patterns. Blocked pairs have weight 1; a
random sample of pairs that were not blocked stands for all the others and counts as no match (a sample of all
pairs would hold true matches, and would spoil u). So the share of matches is that among all pairs, and a
probability of one half is where the model itself decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity.engine.arrays import Codes, Floats, Ints, Levels, chunks, contains, mixed, packed, unpacked
from spark_jobs.identity.engine.attribute import Attribute

SAMPLE = 400_000  # pairs that were not blocked
ROUNDS, CLOSE_ENOUGH = 25, 1e-4
START_MARGIN = 3.0  # bits above what brings one record and another together by chance
PRIOR_PAIRS = 2.0  # pairs that smooth the shares of levels
MOST_LOG_RATIO = 25.0


@dataclass(frozen=True)
class Weights:
    """By attribute, shape (levels,): the share of each level among matches (m) and others (u).

    `prior` is the share of all pairs that match. A missing value weighs nothing.
    """

    m: list[Floats]
    u: list[Floats]
    prior: float

    @property
    def log_ratios(self) -> list[Floats]:
        """Natural logarithm of m / u by level, 0 for missing."""
        found = []
        for m, u in zip(self.m, self.u, strict=True):
            ratio = np.clip(np.log(np.maximum(m, 1e-300) / np.maximum(u, 1e-300)), -MOST_LOG_RATIO, MOST_LOG_RATIO)
            ratio[0] = 0.0
            found.append(ratio)
        return found

    @property
    def log_prior_odds(self) -> float:
        """Of a pair, before anything is compared."""
        return float(np.log(self.prior / (1 - self.prior)))

    def log_odds(self, levels: Levels) -> Floats:
        """That each pair is one; `levels` has shape (attributes, pairs)."""
        total = np.full(levels.shape[1], self.log_prior_odds)
        for at in chunks(levels.shape[1]):
            for ratio, column in zip(self.log_ratios, levels[:, at], strict=True):
                total[at] += ratio[column]
        return total


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


def _shares(attributes: list[Attribute], counted: Patterns, weights: Floats) -> Iterator[Floats]:
    """Share of each level that is not missing, smoothed by how common levels are among candidates."""
    for number, attribute in enumerate(attributes):
        column, width = counted.levels[:, number], len(attribute.bits)
        common = np.bincount(column, counted.candidates, width) + 0.01
        common[0] = 0.0
        counts = np.bincount(column, weights, width) + PRIOR_PAIRS * common / common.sum()
        counts[0] = 0.0
        yield counts / counts.sum()


def _start(attributes: list[Attribute], counted: Patterns, records: int) -> Floats:
    """Which patterns look like matches at first: those that agree in more bits than chance explains."""
    agreed = np.zeros(len(counted.levels))
    for number, attribute in enumerate(attributes):
        agreed += attribute.bits[counted.levels[:, number]]
    pairs = records * (records - 1) / 2
    return np.where(agreed > np.log2(max(pairs / records, 1.0)) + START_MARGIN, 0.95, 0.0)


def estimate(attributes: list[Attribute], counted: Patterns, records: int) -> Weights:
    """Expectation and maximisation until the share of matches stands still."""
    pairs = records * (records - 1) / 2
    is_match = _start(attributes, counted, records)
    weights, prior = None, 0.0
    for _ in range(ROUNDS):
        found = is_match * counted.candidates
        m = list(_shares(attributes, counted, found))
        u = list(_shares(attributes, counted, counted.candidates - found + counted.others))
        before, prior = prior, float(np.clip(found.sum() / pairs, 0.1 / pairs, 0.5))
        weights = Weights(m, u, prior)
        if abs(prior - before) < CLOSE_ENOUGH * prior:
            break
        is_match = probability(weights.log_odds(np.ascontiguousarray(counted.levels.T)))
    assert weights is not None
    return weights
