"""Align the words of two records: the same words first, then aliases, typing errors, beginnings, initials.

Greedy and whatever the position. A pair that is not the same word counts part of the bits of its commoner
word: a typing error makes a word rare, which says nothing about the person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, contains, packed

FUZZY_WORDS = 4  # words of a side that found no partner and are looked at for a similar one
ALIAS, EDIT, PREFIX, INITIAL = 1, 2, 3, 4
PART = {ALIAS: 0.8, EDIT: 0.85, PREFIX: 0.45, INITIAL: 1.0}  # of the bits; an initial has bits of its own
LONG_WORD = 9  # letters; two typing errors in it are still near


@dataclass(frozen=True)
class Vocabulary:
    """Words in ascending order, and what is compared of each: arrays of shape (words,)."""

    words: pl.Series
    bits: NDArray[np.float32]
    lengths: NDArray[np.int16]
    letters: NDArray[np.uint64]
    prefixes: NDArray[np.int32]
    initials: NDArray[np.int32]
    initial_bits: NDArray[np.float32]
    skeletons: Ints

    @classmethod
    def of(cls, words: pl.Series, counts: Ints, records: int) -> Vocabulary:
        """`counts`: on how many of the `records` each word stands."""
        from spark_jobs.identity.engine.bag import skeleton_numbers

        bits = np.maximum(np.log2(records / np.maximum(counts, 1)), 0.1).astype(np.float32)
        firsts = words.str.slice(0, 1).rank("dense").cast(pl.Int32).to_numpy()
        shares = np.bincount(firsts, weights=counts, minlength=1) / max(records, 1)
        rarity = np.clip(-np.log2(np.maximum(shares, 1e-9)), 0.1, 6.0).astype(np.float32)
        return cls(
            words, bits,
            words.str.len_chars().cast(pl.Int16).to_numpy(),
            letter_masks(words),
            words.str.slice(0, 3).rank("dense").cast(pl.Int32).to_numpy(),
            firsts, rarity[firsts] if len(words) else bits,
            skeleton_numbers(words),
        )  # fmt: skip


def letter_masks(words: pl.Series) -> Codes:
    """A bit for each letter that a word has, by code point modulo 64."""
    spelled = pl.DataFrame({"at": np.arange(len(words), dtype=np.uint32), "letter": words.str.split("")})
    long = spelled.explode("letter").filter(pl.col("letter") != "").unique()
    table = {letter: 1 << (ord(letter) & 63) for letter in long["letter"].unique()}
    masks = np.zeros(len(words), np.uint64)
    bit = long["letter"].replace_strict(table, return_dtype=pl.UInt64).to_numpy() if table else masks
    np.bitwise_or.at(masks, long["at"].to_numpy(), bit)
    return masks


def _near(a: Ints, b: Ints, words: Vocabulary) -> Bools:
    """One typing error apart (two in long words). Letters and lengths rule out nearly all before a distance."""
    shorter = np.minimum(words.lengths[a], words.lengths[b])
    most = np.where(shorter >= LONG_WORD, 2, 1)
    apart = np.bitwise_count(words.letters[a] ^ words.letters[b])
    may = (np.abs(words.lengths[a] - words.lengths[b]) <= most) & (apart <= 2 * most) & (shorter >= 3)
    at = np.flatnonzero(may)
    near = np.zeros(len(a), bool)
    if len(at):
        codes, back = np.unique(packed(a[at], b[at]), return_inverse=True)
        one, other = (codes >> np.uint64(32)).astype(np.int64), (codes & np.uint64(0xFFFFFFFF)).astype(np.int64)
        texts, others = words.words.gather(one).to_list(), words.words.gather(other).to_list()
        distance = process.cpdist(texts, others, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
        near[at] = distance[back] <= most[at]
    return near


def relation(a: Ints, b: Ints, words: Vocabulary, aliases: Codes) -> NDArray[np.uint8]:
    """How two different words are alike: 0 for not at all, else ALIAS, EDIT, PREFIX or INITIAL."""
    found = np.zeros(len(a), np.uint8)
    short, other = words.lengths[a] == 1, words.lengths[b] == 1
    found[(short != other) & (words.initials[a] == words.initials[b])] = INITIAL
    found[(words.prefixes[a] == words.prefixes[b]) & (np.minimum(words.lengths[a], words.lengths[b]) >= 3)] = PREFIX
    found[_near(a, b, words)] = EDIT
    if len(aliases):
        found[contains(packed(np.minimum(a, b), np.maximum(a, b)), aliases)] = ALIAS
    return found


def leftover(one: Ints, other: Ints) -> tuple[Bools, Bools]:
    """Which words of each side have no equal on the other; shapes as those of the words."""
    lone, lonely = one >= 0, other >= 0
    for i in range(len(one)):
        for j in range(len(other)):
            same = (one[i] == other[j]) & (one[i] >= 0)
            lone[i] &= ~same
            lonely[j] &= ~same
    return lone, lonely


def _squeezed(words: Ints, keep: Bools) -> Ints:
    """The first FUZZY_WORDS words that are kept, moved to the front; -1 behind them."""
    kept = np.where(keep, words, -1)
    if len(words) <= FUZZY_WORDS:
        return kept
    place = np.where(keep, np.cumsum(keep, axis=0) - 1, FUZZY_WORDS)
    squeezed = np.full((FUZZY_WORDS + 1, words.shape[1]), -1, words.dtype)
    np.put_along_axis(squeezed, np.minimum(place, FUZZY_WORDS), kept, axis=0)
    return squeezed[:FUZZY_WORDS]


def aligned(one: Ints, other: Ints, words: Vocabulary, aliases: Codes) -> tuple[Floats, Floats]:
    """Agreed bits, and bits of both sides that found no partner; one entry per pair.

    `one` and `other` have shape (words, pairs), -1 for none; a word stands once in a record.
    """
    bits = np.append(words.bits, np.float32(0))  # -1 is the last
    lone, lonely = leftover(one, other)
    agreed = np.where(lone, 0, bits[one]).sum(axis=0)
    apart = np.where(lone, bits[one], 0).sum(axis=0) + np.where(lonely, bits[other], 0).sum(axis=0)
    rows = np.flatnonzero(lone.any(axis=0) & lonely.any(axis=0))
    if len(rows):
        mine = _squeezed(one[:, rows], lone[:, rows])
        yours = _squeezed(other[:, rows], lonely[:, rows])
        more, less = _similar(mine, yours, words, bits, aliases)
        agreed[rows] += more
        apart[rows] -= less
    return agreed.astype(np.float64), np.maximum(apart, 0).astype(np.float64)


def _similar(
    mine: Ints, yours: Ints, words: Vocabulary, bits: NDArray[np.float32], aliases: Codes
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bits that agree by similar words, and how many fewer bits are apart for it."""
    count = mine.shape[1]
    grid = np.zeros((len(mine), len(yours), count), np.uint8)
    filled = (mine[:, None] >= 0) & (yours[None, :] >= 0)
    i, j, row = np.nonzero(filled)
    grid[i, j, row] = relation(mine[i, row], yours[j, row], words, aliases)
    more, less = np.zeros(count, np.float32), np.zeros(count, np.float32)
    free, open_ = np.ones(mine.shape, bool), np.ones(yours.shape, bool)
    for kind in (ALIAS, EDIT, PREFIX, INITIAL):
        for i, j in np.argwhere((grid == kind).any(axis=2)):
            at = np.flatnonzero((grid[i, j] == kind) & free[i] & open_[j])
            a, b = mine[i, at], yours[j, at]
            shared = np.minimum(bits[a], bits[b])
            if kind == INITIAL:
                shared = np.minimum(shared, words.initial_bits[a])
            more[at] += PART[kind] * shared
            less[at] += bits[a] + bits[b] - 2 * (1 - PART[kind]) * shared
            free[i, at] = open_[j, at] = False
    return more, less
