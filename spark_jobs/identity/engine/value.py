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
from spark_jobs.identity.engine.attribute import Keys, key_codes, often
from spark_jobs.identity.engine.content import of_some

BITS_EDGES = np.array([5.0, 9.0, 13.0])
NAMES = ("missing", "different", "two edits", "same part", "one edit", "same, on very many records",
         "same, on many records", "same, on some records", "same, on few records")  # fmt: skip
OTHER, TWO_EDITS, PART, ONE_EDIT, SAME = range(1, 6)
LEAST_LENGTH = 5  # letters; in a shorter value an edit is another value
TAIL = 7  # the last digits of a telephone number, without its area


@dataclass(frozen=True)
class Value:
    """`codes` has shape (columns, records): numbers into `values`, -1 for none; `parts` of each value."""

    name: str
    kind: int
    codes: Ints
    values: pl.Series
    letters: Codes
    runs_in_families: bool
    counts: Ints
    told: int
    parts: pl.Series

    @cached_property
    def part_numbers(self) -> Ints:
        """The number of each value's part among the different ones, -1 for none."""
        kind = pl.Enum(self.different_parts)
        return self.parts.cast(kind).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()

    @cached_property
    def different_parts(self) -> pl.Series:
        """The parts, each once."""
        return self.parts.drop_nulls().unique().sort()

    def with_counts(self, counts: Ints, told: int) -> Value:
        """The same values with other frequencies."""
        return replace(self, counts=counts, told=told)

    @cached_property
    def lengths(self) -> Ints:
        """Letters of each value."""
        return self.values.str.len_chars().to_numpy()

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
        part = self.part_numbers
        found[(part[a] == part[b]) & (part[a] >= 0)] = PART
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
            short = np.minimum(self.lengths[one], self.lengths[other]) < LEAST_LENGTH
            distance[near] = np.where(short, 3, edits)[back]
        return distance

    def describe(self, level: int) -> str:
        """A level in words."""
        return NAMES[level]

    def only(self, records: Ints) -> Value:
        """Some of the records."""
        return replace(self, codes=self.codes[:, records])

    def blocking_keys(self, key: bytes, least: int) -> list[Keys]:
        """The value and its part."""
        parts, of_value = self.different_parts, np.append(self.part_numbers, -1)  # -1 is the last
        return [
            *self._keys(self.kind, self.values, self.codes, key, least),
            *self._keys(self.kind + 1, parts, of_value[self.codes], key, least),
        ]

    def _keys(self, kind: int, texts: pl.Series, codes: Ints, key: bytes, least: int) -> list[Keys]:
        useful = often(len(texts), codes, least)
        is_useful = np.zeros(len(texts) + 1, bool)  # -1 is the last
        is_useful[useful] = True
        found = key_codes(kind, of_some(texts, useful, key))
        told = [np.flatnonzero(is_useful[column]) for column in codes]
        return [Keys(self.name, at, found[column[at]]) for at, column in zip(told, codes, strict=True)]

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
    letters, in_families = letter_masks(values), role != "identifier"
    return Value(name, kind, codes, values, letters, in_families, counts, told, part(values))
