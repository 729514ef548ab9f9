"""The named records of a night as the match engine sees them.

The engine has an order of its own, that of the content: a place. The night's numbers follow the record keys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from spark_jobs.identity import cluster, rules
from spark_jobs.identity.engine import prepare
from spark_jobs.identity.engine.arrays import Codes, Ints, packed, unique
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.bag import Bag
from spark_jobs.identity.engine.columns import Mapping
from spark_jobs.identity.engine.known import KeyOf, Known
from spark_jobs.identity.engine.prepare import Records
from spark_jobs.identity.model import Model

COLUMNS = Mapping(
    id="number",
    roles={
        "name": ["first", "last"],
        "address": ["street_core"],
        "postcode": ["post"],
        "place": ["town", "state"],
        "date": ["birth_date"],
        "email": ["mailbox"],
        "phone": ["phone"],
    },
)
NAME = "name"


@dataclass(frozen=True)
class Named:
    """The named records in the engine's order: `numbers` has the night's number of each."""

    records: Records
    numbers: Ints
    place: Ints  # by the night's number, -1 for a record without a name

    @classmethod
    def of(cls, comparable: pl.DataFrame, model: Model | None, key_of: KeyOf) -> Named:
        """`comparable` has all records in the order of their numbers."""
        told = comparable.filter("is_named")
        rows = told.select(pl.col(column).cast(pl.String) for column in COLUMNS.columns)
        key, frozen = key_of("blocking").encode(), model.memory.day_first if model else None
        records = prepare.prepare(told["number"], rows, COLUMNS, key, frozen)
        attributes = records.attributes
        if model:
            known = Known(model.memory, key_of)
            attributes = [known.applied(each) for each in attributes]
        records = replace(records, attributes=[_with_nicknames(each) for each in attributes])
        numbers = told["number"].to_numpy()[records.place]
        place = np.full(comparable.height, -1, np.int64)
        place[numbers] = np.arange(len(numbers))
        return cls(records, numbers, place)

    def only(self, places: Ints) -> Named:
        """Some of the places, ascending, numbered anew."""
        place = np.full(len(self.place), -1, np.int64)
        place[self.numbers[places]] = np.arange(len(places))
        return Named(self.records.only(places), self.numbers[places], place)

    def codes(self, left: Ints, right: Ints) -> Codes:
        """Pairs of named records, given by the night's numbers, as the engine packs them."""
        one, other = self.place[left], self.place[right]
        named = (one >= 0) & (other >= 0)
        one, other = one[named], other[named]
        return unique(packed(np.minimum(one, other), np.maximum(one, other)))

    def labels(self, numbers: Ints) -> Ints:
        """Clusters by the night's number as clusters of the engine: the smallest place in each."""
        dense = np.unique(numbers[self.numbers], return_inverse=True)[1]
        smallest = np.full(dense.max(initial=-1) + 1, len(dense), np.int64)
        np.minimum.at(smallest, dense, np.arange(len(dense)))
        return smallest[dense]

    def joined(self, numbers: Ints, places: Ints) -> Ints:
        """Clusters by the night's number after those of the engine's places joined them."""
        count = len(numbers)
        members = np.flatnonzero(numbers != np.arange(count))
        return cluster.components(
            count,
            np.concatenate([members, self.numbers]),
            np.concatenate([numbers[members], self.numbers[places]]),
        )


def levels() -> dict[str, int]:
    """The fields that are compared, with how many levels each has."""
    nobody = pl.DataFrame(schema=dict.fromkeys(COLUMNS.columns, pl.String))
    built = prepare.prepare(pl.Series("number", [], dtype=pl.Int64), nobody, COLUMNS)
    return {attribute.name: len(attribute.bits) for attribute in built.attributes}


def _with_nicknames(attribute: Attribute) -> Attribute:
    """Names with the table of nicknames, beside what was learnt from records."""
    if not isinstance(attribute, Bag) or attribute.name != NAME:
        return attribute
    place = {word: at for at, word in enumerate(attribute.vocabulary.words)}
    pairs = [(place[a], place[b]) for a, b in rules.nicknames() if a in place and b in place]
    found = np.array(sorted({(min(pair), max(pair)) for pair in pairs}), np.int64).reshape(-1, 2)
    return replace(attribute, aliases=np.union1d(attribute.aliases, packed(found[:, 0], found[:, 1])))
