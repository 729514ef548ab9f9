"""Which pairs a night with a frozen model compares, and what it can take over from the last one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity import joining, kept
from spark_jobs.identity.decisions import Decisions
from spark_jobs.identity.engine import blocking
from spark_jobs.identity.engine.arrays import Bools, Codes, Ints, Levels, contains, mixed, unique, unpacked
from spark_jobs.identity.engine.weights import compare_all
from spark_jobs.identity.kept import Remembered
from spark_jobs.identity.model import Model
from spark_jobs.identity.named import Named
from spark_jobs.identity.similar import Scored

SEED = 20170101  # of the hash of record keys, which are keyed hashes themselves


@dataclass(frozen=True)
class Paired:
    """Pairs of places, ascending, with levels; `is_new` ones were not compared by the last night.

    `before` is None when nothing of it could be used.
    """

    codes: Codes
    in_block: Bools
    is_new: Bools
    levels: Levels
    found: blocking.Candidates
    before: Remembered | None


def situations(named: Named, record_keys: pl.Series, labels: Ints, decisions: Decisions) -> Codes:
    """A number for all that bears on the place of each named record; see `kept`.

    `record_keys` and `labels` (clusters by identifiers and people) in the night's numbers.
    """
    own = record_keys.hash(SEED).to_numpy()
    with np.errstate(over="ignore"):
        sums = np.zeros(len(own), np.uint64)
        np.add.at(sums, labels, mixed(own))
        told = np.zeros(len(own), np.uint64)
        for kind, (one, other) in enumerate((decisions.must, decisions.cannot), 1):
            for side, partner in ((one, other), (other, one)):
                np.add.at(told, side, mixed(own[partner] + np.uint64(kind)))
        return mixed(named.records.ties ^ mixed(sums[labels] + mixed(told))[named.numbers])


def pair(named: Named, model: Model, also: Codes, before: Remembered | None) -> Paired:
    """Compare what blocking brings together and the pairs `also`; of kept pairs of untouched records none."""
    records, heat = named.records, model.memory.heat
    if before is not None:
        found = blocking.touching(records.attributes, records.nearness, heat, before.touched, records.key)
        if not found.overgrown:
            return _compared(named, found, kept.pairs(before, found.codes, found.by_window, also), before)
    found = blocking.again(records.attributes, records.nearness, heat, records.key)
    codes = unique(np.concatenate([found.codes, also]))
    in_block = contains(codes, found.codes[~found.by_window])
    return _compared(named, found, kept.Tonight(codes, in_block, np.zeros(len(codes), bool)), None)


def _compared(
    named: Named, found: blocking.Candidates, tonight: kept.Tonight, before: Remembered | None
) -> Paired:
    one, other = unpacked(tonight.codes)
    levels = np.empty((len(named.records.attributes), len(one)), np.uint8)
    new = np.flatnonzero(~tonight.is_known)
    levels[:, new] = compare_all(named.records.attributes, one[new], other[new])
    if before is not None:
        known = np.flatnonzero(tonight.is_known)
        levels[:, known] = before.levels[:, np.searchsorted(before.codes, tonight.codes[known])]
    return Paired(tonight.codes, tonight.in_block, ~tonight.is_known, levels, found, before)


def open_places(scored: Scored, start: Ints, paired: Paired) -> Bools | None:
    """The places that are decided anew: those of components that something touches; None for all.

    `start`: clusters of places by identifiers. Nothing joins but over likely pairs and identifiers, so a
    component without a touched record and without a pair that came or went is decided as it was.
    """
    before = paired.before
    if before is None:
        return None
    component = joining.connected(scored, start)
    is_open = np.zeros(len(component), bool)
    is_open[component[before.touched]] = True
    weights = scored.model.weights
    is_open[component[before.bereft[weights.log_odds(before.lost) > 0]]] = True
    gone = np.flatnonzero(~contains(before.codes, paired.codes))
    _mark(is_open, component, before.codes[gone], weights.log_odds(before.levels[:, gone]) > 0)
    came = np.flatnonzero(paired.is_new)
    _mark(is_open, component, paired.codes[came], np.zeros(len(came), bool))
    return is_open[component]


def _mark(is_open: Bools, component: Ints, codes: Codes, likely: Bools) -> None:
    """Open the components of pairs that came or went within one, or tied two together."""
    one, other = unpacked(codes)
    matters = likely | (component[one] == component[other])
    is_open[component[one[matters]]] = is_open[component[other[matters]]] = True
