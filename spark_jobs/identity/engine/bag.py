"""Words in any order and position: names, addresses, places, categories.

The columns of a role are one variable, else one agreement would count once per column. A level is a bucket
of agreed bits (rare words say more) and a bucket of the share of bits that found no partner, so that term
frequency, swapped names and missing middle names sit inside the level. How many words there were to compare
is given, not evidence: who left out the first name cannot agree in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from spark_jobs.identity.engine import fold
from spark_jobs.identity.engine.align import FEW_RECORDS, Vocabulary, aligned
from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, Levels, in_chunks, unpacked
from spark_jobs.identity.engine.attribute import Keys, key_codes, often
from spark_jobs.identity.engine.content import of_some

ADDRESS = "address"  # a house number may be mistyped; a number in a name is a code
MOST_WORDS = 12  # the rarest of a record are compared
UNRANKED = 40  # words that are held until a frozen model says which are the rarest
KEY_WORDS = 6  # the rarest of a record are blocked on
STEP_BITS = 3.0
AGREED_BUCKETS = 13
LEFT_EDGES = np.array([0.03, 0.15, 0.3, 0.5, 0.75])
LEFT_BUCKETS = len(LEFT_EDGES) + 1
CELLS = AGREED_BUCKETS * LEFT_BUCKETS
SIZES = 3  # one word on the shorter side, two, or more
LEAST_KEY_BITS = 3.0  # a word on more than an eighth of the records finds nobody


@dataclass(frozen=True)
class Bag:
    """`words` has shape (most words, records): numbers into the vocabulary, the rarest first, -1 for none."""

    name: str
    kind: int
    words: Ints
    vocabulary: Vocabulary
    skeletons: bool = True
    runs_in_families: bool = True
    aliases: Codes = field(default_factory=lambda: np.empty(0, np.uint64))

    @property
    def has_codes(self) -> bool:
        """Whether a word with a digit is a code."""
        return self.name != ADDRESS

    @property
    def least_records(self) -> int:
        """See `Vocabulary.of`; of a category even few records tell how common it is."""
        return FEW_RECORDS if self.skeletons else 1

    def with_vocabulary(self, vocabulary: Vocabulary, aliases: Codes) -> Bag:
        """The same words with other frequencies, again the rarest of each record first."""
        bits = np.append(vocabulary.bits, np.float32(-1))  # -1 is the last
        words = np.where(self.words < 0, np.iinfo(np.int32).max, self.words)
        order = np.lexsort((words, -bits[self.words]), axis=0)
        ranked = np.take_along_axis(self.words, order, axis=0)[:MOST_WORDS]
        return replace(self, words=ranked, vocabulary=vocabulary, aliases=aliases)

    @property
    def bits(self) -> Floats:
        """The middle of each bucket of agreed bits."""
        agreed = np.concatenate([[0.0], (np.arange(AGREED_BUCKETS - 1) + 0.5) * STEP_BITS])
        return np.concatenate([[0.0], np.tile(np.repeat(agreed, LEFT_BUCKETS), SIZES)])

    @property
    def groups(self) -> Ints:
        """The levels of each size are shares of their own."""
        return np.concatenate([[0], np.repeat(np.arange(SIZES), CELLS)])

    @property
    def contradicts(self) -> Bools:
        """When a third and more of the bits are left over."""
        return np.concatenate([[False], np.tile(np.arange(LEFT_BUCKETS) >= 3, SIZES * AGREED_BUCKETS)])

    def compare(self, left: Ints, right: Ints) -> Levels:
        """See the module."""
        levels = np.empty(len(left), np.uint8)

        def compare_chunk(at: slice) -> None:
            one, other = self.words[:, left[at]], self.words[:, right[at]]
            agreed, apart = aligned(one, other, self.vocabulary, self.aliases)
            shorter = np.minimum((one >= 0).sum(axis=0), (other >= 0).sum(axis=0))
            levels[at] = _level(agreed, apart, shorter)

        in_chunks(compare_chunk, len(left))
        return levels

    def compare_again(self, left: Ints, right: Ints, levels: Levels) -> None:
        """Put the levels right, in place, where aliases may change them: both sides have a word with one."""
        known = np.zeros(len(self.vocabulary.words) + 1, bool)  # the last stands for no word
        known[np.concatenate(unpacked(self.aliases))] = True
        has_alias = known[self.words].any(axis=0)
        apart = (levels > 0) & ((levels.astype(np.int16) - 1) % LEFT_BUCKETS > 0)
        at = np.flatnonzero(apart & np.take(has_alias, left) & np.take(has_alias, right))
        levels[at] = self.compare(left[at], right[at])

    def describe(self, level: int) -> str:
        """A level in words."""
        if not level:
            return "missing"
        agreed, apart = divmod((level - 1) % CELLS, LEFT_BUCKETS)
        shares = ["nothing", "little", "some", "a third", "half", "most"]
        bits = f"{(agreed - 1) * STEP_BITS:.0f} to {agreed * STEP_BITS:.0f} bits" if agreed else "nothing"
        return f"{bits} agree, {shares[apart]} left over"

    def only(self, records: Ints) -> Bag:
        """Some of the records."""
        return replace(self, words=self.words[:, records])

    def blocking_keys(self, key: bytes, least: int) -> list[Keys]:
        """The rarest words, and their consonants."""
        count = self.words.shape[1]
        records = np.tile(np.arange(count), min(KEY_WORDS, len(self.words)))
        words = self.words[:KEY_WORDS].ravel()
        bits = np.append(self.vocabulary.bits, np.float32(0))  # -1 is the last
        useful = (words >= 0) & (bits[words] >= LEAST_KEY_BITS)
        records, words = records[useful], words[useful]
        found = [self._keys(self.kind, self.vocabulary.words, records, words, key, least)]
        if self.skeletons:
            sounds, of_word = self.vocabulary.sounds
            heard = np.flatnonzero(of_word[words] >= 0)
            found.append(self._keys(self.kind + 1, sounds, records[heard], of_word[words[heard]], key, least))
        return found

    def _keys(self, kind: int, texts: pl.Series, records: Ints, codes: Ints, key: bytes, least: int) -> Keys:
        useful = often(len(texts), codes, least)
        is_useful = np.zeros(len(texts), bool)
        is_useful[useful] = True
        keep = is_useful[codes]
        found = key_codes(kind, of_some(texts, useful, key))
        return Keys(self.name, records[keep], found[codes[keep]], pairs_up=kind == self.kind)

    def sorted_by(self) -> list[Ints]:
        """The two rarest words: their numbers are alphabetical."""
        return list(self.words[:2])


def _level(agreed: Floats, apart: Floats, shorter: Ints) -> Levels:
    share = apart / np.maximum(apart + 2 * agreed, 1e-9)
    bucket = np.minimum(np.where(agreed < 0.5, 0, 1 + agreed // STEP_BITS), AGREED_BUCKETS - 1)
    size = np.clip(shorter, 1, SIZES) - 1
    level = 1 + size * CELLS + bucket * LEFT_BUCKETS + np.searchsorted(LEFT_EDGES, share, side="left")
    return np.where(shorter > 0, level, 0).astype(np.uint8)


@dataclass(frozen=True)
class _Column:
    """A column's different texts: `of` says which one each record has, -1 for none, and `records` how many.

    `texts` and `words` have one row per text and different word of it.
    """

    of: Ints
    records: Ints
    texts: Ints
    words: pl.Series


def _column(values: pl.Series) -> _Column:
    different = values.drop_nulls().unique()
    of = values.cast(pl.Enum(different)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    frame = pl.DataFrame({"text": np.arange(len(different)), "word": fold.words(fold.folded(different))})
    long = frame.drop_nulls().explode("word").drop_nulls().unique(maintain_order=True)
    records = np.bincount(of[of >= 0], minlength=len(different))
    return _Column(of, records, long["text"].to_numpy(), long["word"].cast(pl.String))


def _vocabulary(columns: Sequence[_Column], has_codes: bool, is_category: bool) -> Vocabulary:
    """A word in two columns of a record counts twice."""
    long = pl.concat(
        pl.DataFrame({"word": column.words, "count": column.records[column.texts]}) for column in columns
    )
    counted = long.group_by("word").agg(pl.col("count").sum()).sort("word")
    told = np.zeros(len(columns[0].of), bool)
    for column in columns:
        says = np.zeros(len(column.records) + 1, bool)  # -1 is the last
        says[column.texts] = True
        told |= says[column.of]
    least = 1 if is_category else FEW_RECORDS
    counts = counted["count"].to_numpy()
    return Vocabulary.of(counted["word"], counts, max(int(told.sum()), 1), has_codes, least_records=least)


def _table(column: _Column, vocabulary: Vocabulary, rank: Ints, most: int) -> Ints:
    """The words of each different text, the rarest first: their ranks, shape (words, texts and one more)."""
    kind = pl.Enum(vocabulary.words)
    ranks = rank[column.words.cast(kind).to_physical().to_numpy()]
    order = np.lexsort((ranks, column.texts))
    texts, ranks = column.texts[order], ranks[order]
    at = np.arange(len(texts))
    starts = np.concatenate([[True], texts[1:] != texts[:-1]])[: len(texts)]
    place = at - np.maximum.accumulate(np.where(starts, at, 0)) if len(at) else at
    few = place < most
    found = np.full((int(place[few].max(initial=-1)) + 1, len(column.records) + 1), len(rank), np.int32)
    found[place[few], texts[few]] = ranks[few]
    return found


def _rarest(columns: Sequence[_Column], vocabulary: Vocabulary, most: int) -> Ints:
    """The numbers of each record's different words, the rarest first: shape (words, records)."""
    count = len(vocabulary.words)
    by_rank = np.append(np.lexsort((np.arange(count), -vocabulary.bits)), -1).astype(np.int32)
    rank = np.empty(count, np.int32)
    rank[by_rank[:-1]] = np.arange(count, dtype=np.int32)
    ranks = np.concatenate(
        [_table(column, vocabulary, rank, most)[:, column.of] for column in columns]
    ).T.copy()
    ranks.sort(axis=1)
    ranks[:, 1:][ranks[:, 1:] == ranks[:, :-1]] = count  # a word of two columns stands once
    ranks.sort(axis=1)
    deepest = max(int((ranks < count).any(axis=0).sum()), 1)
    return np.ascontiguousarray(by_rank[ranks[:, : min(deepest, most)]].T)


def build(
    name: str, kind: int, columns: Sequence[pl.Series], is_category: bool = False, most: int = MOST_WORDS
) -> Bag:
    """The bag of some columns of text, each of shape (records,). `kind` keeps its keys apart; it takes two.

    A category has no sound and does not run in families. `most` words of a record are kept, the rarest.
    """
    read = [_column(column) for column in columns]
    vocabulary = _vocabulary(read, name != ADDRESS, is_category)
    words = _rarest(read, vocabulary, most)
    if not words.size:
        words = np.full((1, len(columns[0])), -1, np.int32)
    return Bag(name, kind, words, vocabulary, not is_category, not is_category)
