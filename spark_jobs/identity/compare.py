"""Compare pairs of records field by field: each field gets a level, 0 when either side says nothing.

Levels stand in ascending agreement. A name that is rare among the records has a level of its own, because two
Zebulons agree by chance less often than two Johns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from spark_jobs.identity.rules import nicknames

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Levels = NDArray[np.int8]

# fmt: off
FIELDS: dict[str, tuple[str, ...]] = {
    "first_name": (
        "missing", "different", "initial", "distant", "swapped", "close", "variant",
        "same_common", "same_rare",
    ),
    "last_name": ("missing", "different", "distant", "swapped", "close", "same_common", "same_rare"),
    "birth_date": ("missing", "different", "parts", "typo", "same"),
    "address": ("missing", "different", "near", "postal_code", "similar", "same"),
    "email": ("missing", "different", "close", "same_shared", "same"),
    "phone": ("missing", "different", "close", "same_shared", "same"),
}
# fmt: on
CLOSE_NAME, DISTANT_NAME = 0.90, 0.80  # Jaro-Winkler
NEAR_DAYS = 31  # birth dates of two people of one family are never as close, twins apart


def level(field: str, name: str) -> int:
    """The number of a level."""
    return FIELDS[field].index(name)


@dataclass(frozen=True)
class Forms:
    """Comparable forms by column, as arrays over the records; text is "" when missing."""

    text: Mapping[str, NDArray[np.object_]]
    number: Mapping[str, Ints]
    flag: Mapping[str, Bools]

    @property
    def count(self) -> int:
        """Records."""
        return len(self.text["first"])


TEXT = ("first", "last", "street_core", "house", "town", "post", "mailbox", "email_local", "phone")


def _is_rare(values: pl.Series, share: float) -> Bools:
    counts = pl.DataFrame({"value": values}).with_columns(pl.len().over("value").alias("count"))
    limit = max(2.0, share * values.drop_nulls().len())
    return (counts["count"] <= limit).to_numpy()


def forms(records: pl.DataFrame, rare_share: float) -> Forms:
    """Arrays of the comparable frame; no e-mail or phone counts as shared yet."""
    text = {name: records[name].fill_null("").to_numpy().astype(object) for name in TEXT}
    birth = records["birth_date"]
    number = {
        "year": birth.dt.year().fill_null(0).to_numpy().astype(np.int64),
        "month": birth.dt.month().fill_null(0).to_numpy().astype(np.int64),
        "day": birth.dt.day().fill_null(0).to_numpy().astype(np.int64),
        "birth": birth.to_physical().fill_null(0).to_numpy().astype(np.int64),
    }
    flag = {f"{name}_rare": _is_rare(records[name], rare_share) for name in ("first", "last")}
    flag["default_day"] = records["is_default_day"].fill_null(False).to_numpy()
    return Forms(text, number, flag)


def with_shared(data: Forms, records: pl.DataFrame, shared: Mapping[str, frozenset[str]]) -> Forms:
    """The forms with the e-mail and phone keys marked that several people use."""
    flags = {
        f"{kind}_shared": records[f"{kind}_key"]
        .is_in(sorted(shared.get(kind, ())))
        .fill_null(False)
        .to_numpy()
        for kind in ("email", "phone")
    }
    return replace(data, flag={**data.flag, **flags})


def _jaro_winkler(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.float32]:
    return process.cpdist(one, other, scorer=JaroWinkler.similarity, dtype=np.float32)


def _one_edit(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """One letter more, less, other, or two neighbours swapped."""
    return process.cpdist(one, other, scorer=OSA.distance, score_cutoff=1, dtype=np.uint8) <= 1


def _both(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    return (one != "") & (other != "")


def _shares_word(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """Whether one name is among the words of the other: `mary` and `mary ann`."""
    has_several = np.array([" " in a or " " in b for a, b in zip(one, other, strict=True)], dtype=bool)
    found = np.zeros(len(one), dtype=bool)
    for at in np.flatnonzero(has_several):
        words, others = set(one[at].split()), set(other[at].split())
        found[at] = words <= others or others <= words
    return found


def _are_nicknames(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    table = nicknames()
    return np.fromiter((pair in table for pair in zip(one, other, strict=True)), dtype=bool, count=len(one))


def _is_initial(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """One side is a single letter, the first of the other."""
    return np.fromiter(
        ((len(a) == 1 or len(b) == 1) and a[:1] == b[:1] for a, b in zip(one, other, strict=True)),
        dtype=bool,
        count=len(one),
    )


def _set(levels: Levels, field: str, name: str, where: Bools) -> None:
    levels[where] = level(field, name)


def _name_levels(data: Forms, left: Ints, right: Ints) -> tuple[Levels, Levels]:
    first, last = (
        (data.text["first"][left], data.text["first"][right]),
        (data.text["last"][left], data.text["last"][right]),
    )
    firsts = _first_levels(first, data.flag["first_rare"][left])
    lasts = _last_levels(last, data.flag["last_rare"][left])
    crossed = _both(first[0], last[1]) & _both(last[0], first[1])
    crossed &= (_jaro_winkler(first[0], last[1]) >= CLOSE_NAME) & (
        _jaro_winkler(last[0], first[1]) >= CLOSE_NAME
    )
    crossed &= (firsts < level("first_name", "swapped")) & (lasts < level("last_name", "swapped"))
    _set(firsts, "first_name", "swapped", crossed)
    _set(lasts, "last_name", "swapped", crossed)
    return firsts, lasts


def _first_levels(names: tuple[NDArray[np.object_], NDArray[np.object_]], is_rare: Bools) -> Levels:
    levels = np.zeros(len(is_rare), dtype=np.int8)
    said = _both(*names)
    likeness, same = _jaro_winkler(*names), names[0] == names[1]
    _set(levels, "first_name", "different", said)
    _set(levels, "first_name", "distant", said & (likeness >= DISTANT_NAME))
    _set(levels, "first_name", "initial", said & _is_initial(*names))
    _set(
        levels,
        "first_name",
        "close",
        said & ((likeness >= CLOSE_NAME) | _one_edit(*names)) & ~_is_initial(*names),
    )
    _set(levels, "first_name", "variant", said & (_are_nicknames(*names) | _shares_word(*names)))
    _set(levels, "first_name", "same_common", said & same & ~is_rare)
    _set(levels, "first_name", "same_rare", said & same & is_rare)
    return levels


def _last_levels(names: tuple[NDArray[np.object_], NDArray[np.object_]], is_rare: Bools) -> Levels:
    levels = np.zeros(len(is_rare), dtype=np.int8)
    said = _both(*names)
    likeness, same = _jaro_winkler(*names), names[0] == names[1]
    _set(levels, "last_name", "different", said)
    _set(levels, "last_name", "distant", said & (likeness >= DISTANT_NAME))
    _set(levels, "last_name", "close", said & ((likeness >= CLOSE_NAME) | _shares_word(*names)))
    _set(levels, "last_name", "same_common", said & same & ~is_rare)
    _set(levels, "last_name", "same_rare", said & same & is_rare)
    return levels


def _birth_levels(data: Forms, left: Ints, right: Ints) -> Levels:
    levels = np.zeros(len(left), dtype=np.int8)
    (year, month, day), (year_2, month_2, day_2) = (
        [data.number[name][side] for name in ("year", "month", "day")] for side in (left, right)
    )
    said = (year > 0) & (year_2 > 0)
    same_parts = (year == year_2).astype(np.int8) + (month == month_2) + (day == day_2)
    crossed = (year == year_2) & (month == day_2) & (day == month_2)
    digits, swapped = _digits_apart(_digits(year, month, day), _digits(year_2, month_2, day_2))
    is_near = np.abs(data.number["birth"][left] - data.number["birth"][right]) <= NEAR_DAYS
    is_default = data.flag["default_day"][left] & data.flag["default_day"][right]
    _set(levels, "birth_date", "different", said)
    _set(levels, "birth_date", "parts", said & ((same_parts == 2) | (digits == 2) | is_near))
    _set(levels, "birth_date", "typo", said & (crossed | swapped | (digits == 1)))
    _set(levels, "birth_date", "same", said & (digits == 0))
    _set(levels, "birth_date", "parts", said & (digits == 0) & is_default)
    return levels


def _digits(year: Ints, month: Ints, day: Ints) -> Ints:
    """Eight digits of each date: shape (pairs, 8)."""
    number = year * 10000 + month * 100 + day
    return number[:, None] // 10 ** np.arange(7, -1, -1) % 10


def _digits_apart(one: Ints, other: Ints) -> tuple[Ints, Bools]:
    """How many digits differ, and whether they are two neighbours that changed places."""
    differs = one != other
    count, at = differs.sum(axis=1), np.minimum(differs.argmax(axis=1), 6)
    rows = np.arange(len(at))
    crossed = (one[rows, at] == other[rows, at + 1]) & (one[rows, at + 1] == other[rows, at])
    return count, (count == 2) & crossed


def _address_levels(data: Forms, left: Ints, right: Ints) -> Levels:
    levels = np.zeros(len(left), dtype=np.int8)
    street, house, town, post = (
        (data.text[c][left], data.text[c][right]) for c in ("street_core", "house", "town", "post")
    )
    same_town, same_post = _both(*town) & (town[0] == town[1]), _both(*post) & (post[0] == post[1])
    has_street = _both(*street)
    is_near = same_town | (_both(*post) & _one_edit(*post))
    alike = has_street & (house[0] == house[1]) & (_jaro_winkler(*street) >= CLOSE_NAME)
    _set(levels, "address", "different", has_street | _both(*town) | _both(*post))
    _set(levels, "address", "near", is_near)
    _set(levels, "address", "postal_code", same_post)
    _set(levels, "address", "similar", alike & (same_town | same_post | is_near))
    _set(levels, "address", "same", has_street & (street[0] == street[1]) & (same_town | same_post | is_near))
    return levels


def _contact_levels(data: Forms, left: Ints, right: Ints, field: str, form: str) -> Levels:
    levels = np.zeros(len(left), dtype=np.int8)
    values = (data.text[form][left], data.text[form][right])
    said, same = _both(*values), values[0] == values[1]
    shared = data.flag[f"{field}_shared"][left] | data.flag[f"{field}_shared"][right]
    close = _one_edit(*values)
    if field == "email":
        local = (data.text["email_local"][left], data.text["email_local"][right])
        close |= (local[0] == local[1]) & (local[0] != "")
    _set(levels, field, "different", said)
    _set(levels, field, "close", said & close)
    _set(levels, field, "same_shared", said & same & shared)
    _set(levels, field, "same", said & same & ~shared)
    return levels


def name_and_birth_levels(data: Forms, left: Ints, right: Ints) -> Levels:
    """Levels of first name, last name and birth date: shape (pairs, 3)."""
    return np.column_stack([*_name_levels(data, left, right), _birth_levels(data, left, right)])


def all_levels(data: Forms, left: Ints, right: Ints) -> Levels:
    """Levels of every field in the order of FIELDS: shape (pairs, fields)."""
    contact = [
        _contact_levels(data, left, right, field, form)
        for field, form in (("email", "mailbox"), ("phone", "phone"))
    ]
    return np.column_stack(
        [name_and_birth_levels(data, left, right), _address_levels(data, left, right), *contact]
    )


def evidence(levels: Levels) -> pl.Series:
    """The levels as text: `first_name=same_rare birth_date=typo`, missing fields left out."""
    pieces = []
    for at, (field, names) in enumerate(FIELDS.items()):
        texts = pl.Series(
            [None if name == "missing" else f"{field}={name}" for name in names], dtype=pl.String
        )
        pieces.append(texts.gather(levels[:, at].astype(np.uint32)).alias(field))
    return pl.DataFrame(pieces).select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)).to_series()
