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
from spark_jobs.identity.engine.attribute import Keys, key_codes

ADDRESS = "address"  # a house number may be mistyped; a number in a name is a code
MOST_WORDS = 12  # the rarest of a record are compared
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
        ranked = np.take_along_axis(self.words, order, axis=0)
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

    def blocking_keys(self) -> list[Keys]:
        """The rarest words, and their consonants."""
        count = self.words.shape[1]
        records = np.tile(np.arange(count), min(KEY_WORDS, len(self.words)))
        words = self.words[:KEY_WORDS].ravel()
        bits = np.append(self.vocabulary.bits, np.float32(0))  # -1 is the last
        useful = (words >= 0) & (bits[words] >= LEAST_KEY_BITS)
        records, words = records[useful], words[useful]
        plain = Keys(self.name, records, key_codes(self.kind, words), pairs_up=True)
        if not self.skeletons:
            return [plain]
        sounds = self.vocabulary.skeletons[words]
        heard = sounds >= 0
        return [plain, Keys(self.name, records[heard], key_codes(self.kind + 1, sounds[heard]))]

    def sorted_by(self) -> list[Ints]:
        """The two rarest words: their numbers are alphabetical."""
        return list(self.words[:2])


def _level(agreed: Floats, apart: Floats, shorter: Ints) -> Levels:
    share = apart / np.maximum(apart + 2 * agreed, 1e-9)
    bucket = np.minimum(np.where(agreed < 0.5, 0, 1 + agreed // STEP_BITS), AGREED_BUCKETS - 1)
    size = np.clip(shorter, 1, SIZES) - 1
    level = 1 + size * CELLS + bucket * LEFT_BUCKETS + np.searchsorted(LEFT_EDGES, share, side="left")
    return np.where(shorter > 0, level, 0).astype(np.uint8)


def _long(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """One row per record and different word."""
    parts = []
    for column in columns:
        values = fold.words(fold.folded(column))
        frame = pl.DataFrame({"record": np.arange(len(column), dtype=np.uint32), "word": values})
        parts.append(frame.drop_nulls().explode("word"))
    return pl.concat(parts).drop_nulls().unique()


def _vocabulary(long: pl.DataFrame, has_codes: bool, is_category: bool) -> Vocabulary:
    counted = long.group_by("word").agg(pl.len().alias("count")).sort("word")
    told = max(long["record"].n_unique(), 1)
    least = 1 if is_category else FEW_RECORDS
    return Vocabulary.of(counted["word"], counted["count"].to_numpy(), told, has_codes, least_records=least)


def build(name: str, kind: int, columns: Sequence[pl.Series], is_category: bool = False) -> Bag:
    """The bag of some columns of text, each of shape (records,). `kind` keeps its keys apart; it takes two.

    A category has no sound and does not run in families.
    """
    long = _long(columns)
    vocabulary = _vocabulary(long, name != ADDRESS, is_category)
    number = long["word"].cast(pl.Enum(vocabulary.words)).to_physical().cast(pl.Int32)
    bits = pl.Series(vocabulary.bits.astype(np.float32)).gather(number)
    ranked = (
        pl.DataFrame({"record": long["record"], "word": number, "bits": bits})
        .sort("record", "bits", "word", descending=[False, True, False])
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("record").alias("rank"))
        .filter(pl.col("rank") < MOST_WORDS)
    )
    deepest = int(ranked["rank"].to_numpy().max(initial=0))
    words = np.full((deepest + 1, len(columns[0])), -1, np.int32)
    words[ranked["rank"].to_numpy(), ranked["record"].to_numpy()] = ranked["word"].to_numpy()
    return Bag(name, kind, words, vocabulary, not is_category, not is_category)
