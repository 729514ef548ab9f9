"""The rows of one platform's file: normalised, hashed, guarded, or rejected with the reason.

A batch of people at a time, column by column; what many people share is normalised once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from spark_jobs.publish.normalise import Reason, Rejected, normalise
from spark_jobs.publish.plan import CUSTOMER_ID, OWN_FIELDS, UNSUBSCRIBE_URL, Platform

# The column of `pii.customers` that a field is made of, where it has another name.
SOURCES = {
    "zip": "postal_code",
    "birth_year": "birth_date",
    "birth_month": "birth_date",
    "birth_day": "birth_date",
}
CONTACT_COLUMNS = (
    "email", "phone", "first_name", "last_name", "city", "state", "postal_code", "country", "birth_date"
)  # fmt: skip
RECORD, NO_IDENTIFIER, SAME_ADDRESS = "record", "no_identifier", "same_address"
REFUSED_BY_ANOTHER = "refused_by_another"
SHARED = ("email", "phone")  # Identifiers that a household may share.

# A spreadsheet would run a cell that starts with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# Everything else is the same for many people, in whatever batch they come.
_OF_ONE_PERSON = frozenset({"email", "phone", "device_id", "external_id"})
_normalise_once = lru_cache(maxsize=100_000)(normalise)


@dataclass(frozen=True)
class Rows:
    """A column of cells per field, null where there is none; `rejects` are (row, field, reason)."""

    cells: pl.DataFrame
    rejects: list[tuple[int, str, str]]


def fields_of(platform: Platform) -> list[str]:
    """The fields that are read for a file, in the order of their rejects."""
    return list(dict.fromkeys([*platform.fields, *platform.identifiers]))


def guarded(text: str) -> str:
    """The text with a leading `'` when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _for_people(text: str, is_identifier: bool) -> str | None:
    """Names are guarded; an address is not, because a guarded one is another address: it stays out (None)."""
    safe = guarded(text)
    return None if is_identifier and safe != text else safe


def _column(
    platform_name: str, platform: Platform, name: str, people: pl.DataFrame
) -> tuple[pl.Series, list[tuple[int, str]]]:
    """The cells of one field, null for a missing or a rejected value; and (row, reason) of the rejected."""
    values = people[SOURCES.get(name, name)].cast(pl.String)
    cells: list[str | None] = [None] * len(values)
    rejects: list[tuple[int, str]] = []
    if values.null_count() == len(values):
        return pl.Series(name, cells, pl.String), rejects
    form = normalise if name in _OF_ONE_PERSON else _normalise_once
    is_identifier, for_people = name in platform.identifiers, platform.for_people
    for row, (value, country) in enumerate(zip(values.to_list(), people["country"].to_list(), strict=True)):
        if value is None:
            continue
        result = form(platform_name, name, value, country)
        if isinstance(result, Rejected):
            if result.reason != Reason.EMPTY:
                rejects.append((row, str(result.reason)))
            continue
        cells[row] = _for_people(result.cell, is_identifier) if for_people else result.sha256 or result.value
        if cells[row] is None:
            rejects.append((row, str(Reason.NOT_SENDABLE)))
    return pl.Series(name, cells, pl.String), rejects


def make_rows(platform_name: str, platform: Platform, people: pl.DataFrame) -> Rows:
    """Normalise every field that the platform takes. `people` has CONTACT_COLUMNS.

    A missing value is an empty cell, no reject. Rejects stand in the order of rows and fields.
    """
    columns, rejects = [], []
    for place, name in enumerate(fields_of(platform)):
        cells, found = _column(platform_name, platform, name, people)
        columns.append(cells)
        rejects += [(row, place, name, reason) for row, reason in found]
    return Rows(pl.DataFrame(columns), [(row, name, reason) for row, _, name, reason in sorted(rejects)])


def lines(
    platform: Platform, customer_ids: Iterable[str], cells: pl.DataFrame, unsubscribe: Callable[[str], str]
) -> pl.DataFrame:
    """The rows of the file, with its columns in the order of its header."""
    ids = list(customer_ids)
    own: Mapping[str, Callable[[str], str]] = {CUSTOMER_ID: str, UNSUBSCRIBE_URL: unsubscribe}
    return pl.DataFrame(
        {
            column: pl.Series([own[name](one) for one in ids], dtype=pl.String)
            if name in OWN_FIELDS
            else cells[name].fill_null("")
            for column, name in platform.columns.items()
        }
    )
