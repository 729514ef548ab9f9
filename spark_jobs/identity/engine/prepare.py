"""Records in canonical order, as attributes that can be compared.

The order is that of the content, then of the id: it breaks every tie later on, so the order of rows never
matters. Nothing else ever looks at an id: it may carry the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np
import polars as pl

from spark_jobs.identity.engine import bag, day, value
from spark_jobs.identity.engine.arrays import Codes, Ints, mixed
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.columns import Mapping
from spark_jobs.identity.engine.content import seed

FrozenDays = Map[str, bool]  # the columns that hold dates, and whether the day comes first
LEAST_DATES = 0.5  # of the values of a date column must be dates; else it is compared as words


@dataclass(frozen=True)
class Records:
    """Attributes over records 0 to count - 1 in canonical order; `place` is each one's row in the input.

    `ties` has a number for each record that follows from its content; `key` keys whatever is hashed.
    """

    count: int
    place: Ints
    ties: Codes
    attributes: list[Attribute]
    key: bytes = b""

    def only(self, records: Ints) -> Records:
        """Some of the records, ascending, numbered anew."""
        attributes = [attribute.only(records) for attribute in self.attributes]
        return Records(len(records), self.place[records], self.ties[records], attributes, self.key)

    @property
    def nearness(self) -> Ints:
        """The rank of each record when all are sorted by what they say."""
        columns = [column for attribute in self.attributes for column in attribute.sorted_by()]
        rank = np.empty(self.count, np.int64)
        rank[np.lexsort((np.arange(self.count), *reversed(columns)))] = np.arange(self.count)
        return rank


def _ordered(ids: pl.Series, rows: pl.DataFrame, key: bytes) -> tuple[pl.DataFrame, Ints, Codes]:
    """The rows in canonical order, the place of each in the input, and a number that breaks ties."""
    content = rows.hash_rows(seed(key))
    order = pl.DataFrame({"content": content, "id": ids, "row": np.arange(len(ids))}).sort("content", "id")
    copy = order.select(pl.int_range(pl.len()).over("content")).to_series().to_numpy()
    ties = mixed(order["content"].to_numpy() + copy.astype(np.uint64))
    return rows[order["row"]], order["row"].to_numpy(), ties


def _bags(mapping: Mapping, rows: pl.DataFrame, kinds: Iterator[int], most: int) -> Iterator[Attribute]:
    for name, roles in (("name", ("name",)), (bag.ADDRESS, ("address", "postcode", "place"))):
        if columns := mapping.of(*roles):
            yield bag.build(name, next(kinds), [rows[column] for column in columns], most=most)
    for column in mapping.of("category"):
        yield bag.build(column, next(kinds), [rows[column]], is_category=True, most=most)


def _days(
    mapping: Mapping, rows: pl.DataFrame, kinds: Iterator[int], frozen: FrozenDays | None
) -> Iterator[Attribute]:
    for column in mapping.of("date"):
        kind, day_first = next(kinds), None if frozen is None else frozen.get(column)
        found, share = day.build(column, kind, rows[column], day_first)
        is_date = share >= LEAST_DATES if frozen is None else column in frozen
        yield found if is_date else bag.build(column, kind, [rows[column]], is_category=True)


def _values(mapping: Mapping, rows: pl.DataFrame, kinds: Iterator[int]) -> Iterator[Attribute]:
    for role in ("email", "phone"):
        if columns := mapping.of(role):
            yield value.build(role, next(kinds), role, [rows[column] for column in columns])
    for column in mapping.of("identifier"):
        yield value.build(column, next(kinds), "identifier", [rows[column]])


def prepare(
    ids: pl.Series, rows: pl.DataFrame, mapping: Mapping, key: bytes = b"", frozen: FrozenDays | None = None
) -> Records:
    """`ids` and `rows` (the columns of the mapping, as text) row by row; `key` keys whatever is hashed.

    `frozen`: the columns that hold dates by a frozen model; see `attributes`.
    """
    ordered, place, ties = _ordered(ids, rows, key)
    return Records(len(ids), place, ties, attributes(ordered, mapping, frozen), key)


def attributes(rows: pl.DataFrame, mapping: Mapping, frozen: FrozenDays | None = None) -> list[Attribute]:
    """What is compared of each row. Where a model is `frozen` it will say which words are the rarest."""
    kinds = count(1, 2)  # each attribute has two kinds of keys
    most = bag.MOST_WORDS if frozen is None else bag.UNRANKED
    builders = (partial(_bags, most=most), partial(_days, frozen=frozen), _values)
    return [each for build in builders for each in build(mapping, rows, kinds)]
