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

from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, contains, packed, unpacked

FUZZY_WORDS = 4  # words of a side that found no partner and are looked at for a similar one
ALIAS, EDIT, PREFIX, INITIAL = 1, 2, 3, 4
PARTS = np.array([0, 0.8, 0.85, 0.45, 1.0], np.float32)  # of the bits; an initial has bits of its own
ONE_SIDED = 0.3
SEVERAL, LEAST_BITS = 3, 1.0
CONSONANTS = list("bcdfgjklmnpqrstvxz")
DOUBLES = [letter * 2 for letter in CONSONANTS]
LONG_WORD = 9  # letters; two typing errors in it are still near
FEW_RECORDS = 1000  # fewer do not tell how rare a word is: a name on three of five is no common name
FEW_TIMES, OFTEN = 2, 8  # how often a word is seen that may be rare, and one that is as common as it looks


@dataclass(frozen=True)
class Vocabulary:
    """Words in ascending order, and what is compared of each: arrays of shape (words,).

    `sounds`: different sounds, and the number of each word's sound among them, -1 for none.
    """

    words: pl.Series
    bits: NDArray[np.float32]
    lengths: NDArray[np.int16]
    letters: NDArray[np.uint64]
    prefixes: NDArray[np.int32]
    initials: NDArray[np.int32]
    initial_bits: NDArray[np.float32]
    sounds: tuple[pl.Series, Ints]
    is_code: Bools
    counts: Ints
    told: int

    @classmethod
    def of(
        cls, words: pl.Series, counts: Ints, records: int, has_codes: bool, initials: Ints | None = None,
        least_records: int = FEW_RECORDS,
    ) -> Vocabulary:  # fmt: skip
        """`counts`: on how many of the `records` each word stands; `initials` the same of its first letter.

        Where a bag `has_codes`, a word with a digit is one: the model X100 is another one than the X200.
        See `rarity_bits` for `least_records`.
        """
        bits = np.maximum(rarity_bits(counts, records, least_records), 0.1).astype(np.float32)
        firsts = words.str.slice(0, 1).rank("dense").cast(pl.Int32).to_numpy()
        if initials is None:
            initials = np.bincount(firsts, weights=counts, minlength=1)[firsts] if len(words) else counts
        shares = initials / max(records, 1)
        initial_bits = np.clip(-np.log2(np.maximum(shares, 1e-9)), 0.1, 6.0).astype(np.float32)
        return cls(
            words, bits,
            words.str.len_chars().cast(pl.Int16).to_numpy(),
            letter_masks(words),
            words.str.slice(0, 3).rank("dense").cast(pl.Int32).to_numpy(),
            firsts, initial_bits,
            _sounds(words),
            words.str.contains(r"\p{N}").to_numpy() & has_codes,
            counts, records,
        )  # fmt: skip


def rarity_bits(counts: Ints, records: int, least_records: int = FEW_RECORDS) -> Floats:
    """Bits of values that stand on `counts` of the records.

    A table of fewer than `least_records` is taken as a part of one with so many: what it has a few times may
    be rare there, what it has often is as common as it looks.
    """
    counts = np.maximum(counts, 1).astype(np.float64)
    seen = np.log2(max(records, 1) / counts)
    unseen = np.log2(max(least_records / max(records, 1), 1.0))
    return np.asarray(seen + unseen * np.clip((OFTEN - counts) / (OFTEN - FEW_TIMES), 0.0, 1.0))


def _sounds(words: pl.Series) -> tuple[pl.Series, Ints]:
    """The first letter and the consonants of each word; none for short ones and those with digits.

    `philips` and `phillipps` sound alike.
    """
    rest = words.str.slice(1).str.replace_all("[aeiouyhw]", "")
    sounds = words.str.slice(0, 1) + rest.str.replace_many(DOUBLES, CONSONANTS)
    plain = sounds.set(~words.str.contains(r"^\p{L}{4,}$"), None)
    different = plain.drop_nulls().unique().sort()
    numbers = plain.cast(pl.Enum(different)).to_physical().cast(pl.Int64).fill_null(-1)
    return different, numbers.to_numpy()


def letter_masks(words: pl.Series) -> Codes:
    """A bit for each letter that a word has, by code point modulo 64."""
    if words.str.len_bytes().sum() != words.str.len_chars().sum():
        return np.array([_mask(word) for word in words], np.uint64)
    spelled = np.array(words.to_list() or [""], dtype="S")
    letters = spelled.view(np.uint8).reshape(len(spelled), -1)
    masks = np.zeros(len(spelled), np.uint64)
    for column in letters.T:
        masks |= np.where(column > 0, np.uint64(1) << (column & 63).astype(np.uint64), np.uint64(0))
    return masks[: len(words)]


def _mask(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 63)
    return mask


def _near(a: Ints, b: Ints, words: Vocabulary) -> Bools:
    """One typing error apart (two in long words)."""
    shorter = np.minimum(words.lengths[a], words.lengths[b])
    most = np.where(shorter >= LONG_WORD, 2, 1)
    apart = np.bitwise_count(words.letters[a] ^ words.letters[b])
    may = (np.abs(words.lengths[a] - words.lengths[b]) <= most) & (apart <= 2 * most) & (shorter >= 3)
    at = np.flatnonzero(may)
    near = np.zeros(len(a), bool)
    if len(at):
        codes, back = np.unique(packed(a[at], b[at]), return_inverse=True)
        one, other = unpacked(codes)
        texts, others = words.words.gather(one).to_list(), words.words.gather(other).to_list()
        distance = process.cpdist(texts, others, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
        near[at] = distance[back] <= most[at]
    return near


def relation(a: Ints, b: Ints, words: Vocabulary, aliases: Codes) -> NDArray[np.uint8]:
    """How two different words are alike: 0 for not at all, else ALIAS, EDIT, PREFIX or INITIAL."""
    found = np.zeros(len(a), np.uint8)
    # Most words are unlike each other: one look at their letters and first letter tells.
    alike = np.bitwise_count(words.letters[a] ^ words.letters[b]) <= 4
    at = np.flatnonzero(alike | (words.initials[a] == words.initials[b]))
    found[at] = _alike(a[at], b[at], words)
    found[words.is_code[a] | words.is_code[b]] = 0
    if len(aliases):
        found[contains(packed(np.minimum(a, b), np.maximum(a, b)), aliases)] = ALIAS
    return found


def _alike(a: Ints, b: Ints, words: Vocabulary) -> NDArray[np.uint8]:
    found = np.zeros(len(a), np.uint8)
    length, other = words.lengths[a], words.lengths[b]
    found[((length == 1) != (other == 1)) & (words.initials[a] == words.initials[b])] = INITIAL
    found[(words.prefixes[a] == words.prefixes[b]) & (np.minimum(length, other) >= 3)] = PREFIX
    found[_near(a, b, words)] = EDIT
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
    """Agreed bits, and bits that found no partner; one entry per pair.

    Bits left over on both sides contradict each other; what only one side says more (a middle name, a first
    name where the other has none) counts ONE_SIDED of it. `one` and `other` have shape (words, pairs), -1 for
    none; a word stands once in a record.
    """
    bits = np.append(words.bits, np.float32(0))  # -1 is the last
    lone, lonely = leftover(one, other)
    agreed = np.where(lone, 0, bits[one]).sum(axis=0)
    mine = np.where(lone, bits[one], 0).sum(axis=0)
    yours = np.where(lonely, bits[other], 0).sum(axis=0)
    # Where several words share nothing, one that is similar would not matter: most pairs end here.
    shares = (
        (agreed >= LEAST_BITS) | (one[SEVERAL - 1 :] < 0).all(axis=0) | (other[SEVERAL - 1 :] < 0).all(axis=0)
    )
    rows = np.flatnonzero(lone.any(axis=0) & lonely.any(axis=0) & shares)
    if len(rows):
        left, right = _squeezed(one[:, rows], lone[:, rows]), _squeezed(other[:, rows], lonely[:, rows])
        more, less, less_too = _similar(left, right, words, bits, aliases)
        agreed[rows] += more
        mine[rows] -= less
        yours[rows] -= less_too
    fewer, further = np.maximum(np.minimum(mine, yours), 0), np.abs(mine - yours)
    return agreed.astype(np.float64), (2 * fewer + ONE_SIDED * further).astype(np.float64)


def _similar(
    mine: Ints, yours: Ints, words: Vocabulary, bits: NDArray[np.float32], aliases: Codes
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Bits that agree by similar words, and how many fewer each side has left over; one entry per pair."""
    count = mine.shape[1]
    i, j, row = np.nonzero((mine[:, None] >= 0) & (yours[None, :] >= 0))
    kind = relation(mine[i, row], yours[j, row], words, aliases)
    alike = np.flatnonzero(kind)
    i, j, row, kind = i[alike], j[alike], row[alike], kind[alike]
    more, less, less_too = np.zeros((3, count), np.float32)
    free, open_ = np.ones(mine.shape, bool), np.ones(yours.shape, bool)
    # The best kind first, then by place: groups in which a pair of records stands at most once.
    group = (kind.astype(np.int64) * len(mine) + i) * len(yours) + j
    for at in _groups(group):
        at = at[free[i[at], row[at]] & open_[j[at], row[at]]]
        a, b = mine[i[at], row[at]], yours[j[at], row[at]]
        shared = np.minimum(bits[a], bits[b])
        is_initial = kind[at] == INITIAL
        shared = np.where(is_initial, np.minimum(shared, words.initial_bits[a]), shared)
        part = PARTS[kind[at]]
        more[row[at]] += part * shared
        less[row[at]] += bits[a] - (1 - part) * shared
        less_too[row[at]] += bits[b] - (1 - part) * shared
        free[i[at], row[at]] = open_[j[at], row[at]] = False
    return more, less, less_too


def _groups(group: Ints) -> list[Ints]:
    """The places of each group, groups in ascending order."""
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
