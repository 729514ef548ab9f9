"""A value that identifies, compared as a whole: e-mail address, telephone number, any other number or code.

Several columns of one role hold values of one kind: the best agreement of any two counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from spark_jobs.identity import text
from spark_jobs.identity.engine import fold
from spark_jobs.identity.engine.align import rarity_bits
from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, Levels, in_chunks, packed, unpacked
from spark_jobs.identity.engine.attribute import Keys, key_codes

BITS_EDGES = np.array([5.0, 9.0, 13.0])
NAMES = ("missing", "different", "two edits", "same part", "one edit", "same, on very many records",
         "same, on many records", "same, on some records", "same, on few records")  # fmt: skip
OTHER, TWO_EDITS, PART, ONE_EDIT, SAME = range(1, 6)
LEAST_LENGTH = 5  # letters; in a shorter value an edit is another value
TAIL = 7  # the last digits of a telephone number, without its area


@dataclass(frozen=True)
class Value:
    """`codes` has shape (columns, records): numbers into `values`, -1 for none; `parts` numbers of parts."""

    name: str
    kind: int
    codes: Ints
    values: pl.Series
    letters: Codes
    runs_in_families: bool
    counts: Ints
    told: int
    parts: Ints

    def with_counts(self, counts: Ints, told: int) -> Value:
        """The same values with other frequencies."""
        return replace(self, counts=counts, told=told)

    @cached_property
    def value_bits(self) -> Floats:
        """How rare each value is."""
        return rarity_bits(self.counts, self.told)

    @property
    def bits(self) -> Floats:
        """By level."""
        middles = np.array([2.5, 7.0, 11.0, 16.0])
        return np.concatenate([[0, 0, 4, 5, 8], middles])

    @property
    def groups(self) -> Ints:
        """One."""
        return np.zeros(len(NAMES), np.int64)

    @property
    def contradicts(self) -> Bools:
        """Never: people have several addresses and numbers."""
        return np.zeros(len(NAMES), bool)

    def compare(self, left: Ints, right: Ints) -> Levels:
        """See NAMES; an edit counts in values of LEAST_LENGTH letters and more."""
        levels = np.zeros(len(left), np.uint8)
        for mine in self.codes:
            for yours in self.codes:
                in_chunks(partial(self._better, levels, mine, left, yours, right), len(left))
        return levels

    def _better(self, levels: Levels, mine: Ints, left: Ints, yours: Ints, right: Ints, at: slice) -> None:
        """Raise the levels of a chunk to those of one column against one."""
        one, other = mine[left[at]], yours[right[at]]
        both = np.flatnonzero((one >= 0) & (other >= 0))
        found = np.full(len(both), OTHER, np.uint8)
        a, b = one[both], other[both]
        found[(self.parts[a] == self.parts[b]) & (self.parts[a] >= 0)] = PART
        different = np.flatnonzero(a != b)
        distance = self._distance(a[different], b[different])
        found[different[distance == 2]] = np.maximum(found[different[distance == 2]], TWO_EDITS)
        found[different[distance == 1]] = ONE_EDIT
        same = a == b
        found[same] = SAME + np.searchsorted(BITS_EDGES, self.value_bits[a[same]])
        view = levels[at]
        view[both] = np.maximum(view[both], found)

    def _distance(self, a: Ints, b: Ints) -> Ints:
        """1 and 2, or 3 for more; each different pair is looked at once."""
        distance = np.full(len(a), 3, np.int64)
        near = np.flatnonzero(np.bitwise_count(self.letters[a] ^ self.letters[b]) <= 4)
        if len(near):
            codes, back = np.unique(packed(a[near], b[near]), return_inverse=True)
            one, other = unpacked(codes)
            texts, others = self.values.gather(one).to_list(), self.values.gather(other).to_list()
            edits = process.cpdist(texts, others, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
            lengths = self.values.str.len_chars().to_numpy()
            short = np.minimum(lengths[one], lengths[other]) < LEAST_LENGTH
            distance[near] = np.where(short, 3, edits)[back]
        return distance

    def describe(self, level: int) -> str:
        """A level in words."""
        return NAMES[level]

    def blocking_keys(self) -> list[Keys]:
        """The value and its part."""
        found = []
        for codes in self.codes:
            told = np.flatnonzero(codes >= 0)
            found.append(Keys(self.name, told, key_codes(self.kind, codes[told])))
            told = told[self.parts[codes[told]] >= 0]
            found.append(Keys(self.name, told, key_codes(self.kind + 1, self.parts[codes[told]])))
        return found

    def sorted_by(self) -> list[Ints]:
        """The value: its number is alphabetical."""
        return [self.codes[0]]


def _local_part(values: pl.Series) -> pl.Series:
    return values.to_frame("v").select(text.long_local_part(pl.col("v"))).to_series()


def _last_digits(values: pl.Series) -> pl.Series:
    long = values.str.len_chars() > TAIL
    return values.to_frame("v").select(pl.when(long).then(pl.col("v").str.tail(TAIL))).to_series()


def _no_part(values: pl.Series) -> pl.Series:
    return pl.Series([None] * len(values), dtype=pl.String)


FORMS: dict[str, tuple[Callable[[pl.Series], pl.Series], Callable[[pl.Series], pl.Series]]] = {
    "email": (fold.email, _local_part),
    "phone": (fold.phone, _last_digits),
    "identifier": (fold.squeezed, _no_part),
}


def build(name: str, kind: int, role: str, columns: Sequence[pl.Series]) -> Value:
    """The attribute of columns of text that hold one kind of value. `kind` keeps its keys apart."""
    from spark_jobs.identity.engine.align import letter_masks

    form, part = FORMS[role]
    plain = [form(column) for column in columns]
    together = pl.concat(plain)
    values = together.drop_nulls().unique().sort()
    coded = [
        column.cast(pl.Enum(values)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy() for column in plain
    ]
    codes = np.array(coded)
    counts = np.bincount(codes[codes >= 0], minlength=max(len(values), 1))
    told = max(int((codes >= 0).any(axis=0).sum()), 1)
    parts = part(values)
    numbers = (
        parts.rank("dense").cast(pl.Int64).fill_null(-1).to_numpy() if len(values) else np.empty(0, np.int64)
    )
    letters, in_families = letter_masks(values), role != "identifier"
    return Value(name, kind, codes, values, letters, in_families, counts, told, numbers)
