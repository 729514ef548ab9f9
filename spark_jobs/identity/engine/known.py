"""What a frozen model remembers of values: how common they were, what is no date, which words are aliases.

Values are remembered by keyed hashes, so no name can be read from it. A value that stood on one record only
is not remembered at all: what is unknown counts as that rare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from spark_jobs.identity.engine.align import Vocabulary
from spark_jobs.identity.engine.arrays import Codes, Ints, packed, unpacked
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.bag import Bag
from spark_jobs.identity.engine.day import Day
from spark_jobs.identity.engine.heat import Heat
from spark_jobs.identity.engine.value import Value

KeyOf = Callable[[str], str]
_INITIAL = "\x1e"  # no word begins with it


@dataclass(frozen=True)
class Memory:
    """By attribute. `told`: records with a value; `counts`: records by key of the value.

    `heat`: which blocking keys were hot; `clusters`: about how many clusters a record could belong to;
    `day_first`: the columns that hold dates, and how they are read.
    """

    told: Mapping[str, int]
    counts: Mapping[str, Mapping[str, int]]
    default_days: Mapping[str, Sequence[int]]
    aliases: Mapping[str, Sequence[Sequence[str]]]
    heat: Heat
    clusters: int
    day_first: Mapping[str, bool]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return plain | {"heat": self.heat.as_dict()}

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> Memory:
        """What `as_dict` wrote."""
        return cls(**{**held, "heat": Heat.from_dict(held["heat"])})


def _values(attribute: Attribute) -> tuple[pl.Series, Ints]:
    if isinstance(attribute, Bag):
        words = attribute.vocabulary
        initials = pl.DataFrame({"value": words.words.str.slice(0, 1), "count": words.counts})
        summed = initials.group_by("value").agg(pl.col("count").sum()).sort("value")
        values = pl.concat([words.words, _INITIAL + summed["value"]])
        return values, np.concatenate([words.counts, summed["count"].to_numpy()])
    if isinstance(attribute, Value):
        return attribute.values, attribute.counts
    return pl.Series([], dtype=pl.String), np.empty(0, np.int64)


def _keyed_counts(attribute: Attribute, key_of: KeyOf) -> dict[str, int]:
    values, counts = _values(attribute)
    often = np.flatnonzero(counts > 1)
    keys = [key_of(f"{attribute.name}/{value}") for value in values.gather(often)]
    return dict(sorted(zip(keys, counts[often].tolist(), strict=True)))


def _keyed_aliases(bag: Bag, key_of: KeyOf) -> list[list[str]]:
    words = bag.vocabulary.words
    one, other = unpacked(bag.aliases)
    pairs = zip(words.gather(one), words.gather(other), strict=True)
    return sorted(sorted(key_of(f"{bag.name}/{word}") for word in pair) for pair in pairs)


def remember(attributes: Sequence[Attribute], key_of: KeyOf, heat: Heat, clusters: int) -> Memory:
    """What the attributes of the records of today say about values."""
    return Memory(
        told={a.name: a.vocabulary.told if isinstance(a, Bag) else a.told
              for a in attributes if isinstance(a, Bag | Value)},
        counts={a.name: _keyed_counts(a, key_of) for a in attributes if isinstance(a, Bag | Value)},
        default_days={a.name: a.default_days for a in attributes if isinstance(a, Day)},
        aliases={a.name: _keyed_aliases(a, key_of) for a in attributes if isinstance(a, Bag)},
        heat=heat,
        clusters=clusters,
        day_first={a.name: a.day_first for a in attributes if isinstance(a, Day)},
    )  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A memory that can be asked about values."""

    memory: Memory
    key_of: KeyOf

    def _counts(self, name: str, values: pl.Series) -> Ints:
        held = self.memory.counts.get(name, {})
        return np.array([held.get(self.key_of(f"{name}/{value}"), 1) for value in values], np.int64)

    def _vocabulary(self, bag: Bag) -> Vocabulary:
        words = bag.vocabulary.words
        initials = self._counts(bag.name, _INITIAL + words.str.slice(0, 1))
        return Vocabulary.of(
            words, self._counts(bag.name, words), self.memory.told.get(bag.name, 1), bag.has_codes, initials,
            bag.least_records,
        )  # fmt: skip

    def _aliases(self, bag: Bag) -> Codes:
        held = self.memory.aliases.get(bag.name, ())
        place = {
            self.key_of(f"{bag.name}/{word}"): at for at, word in enumerate(bag.vocabulary.words)
        } if held else {}  # fmt: skip
        found = [sorted((place[a], place[b])) for a, b in held if a in place and b in place]
        pairs = np.array(found, np.int64).reshape(-1, 2)
        return np.unique(packed(pairs[:, 0], pairs[:, 1]))

    def applied(self, attribute: Attribute) -> Attribute:
        """The attribute, with the memory's frequencies instead of those of today's records."""
        if isinstance(attribute, Bag):
            return attribute.with_vocabulary(self._vocabulary(attribute), self._aliases(attribute))
        if isinstance(attribute, Value):
            counts = self._counts(attribute.name, attribute.values)
            return attribute.with_counts(counts, self.memory.told.get(attribute.name, 1))
        if isinstance(attribute, Day):
            return attribute.with_defaults(self.memory.default_days.get(attribute.name, ()))
        return attribute
