"""One person's row in one platform's file: normalised, hashed, guarded, or rejected with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from spark_jobs.publish.normalise import Normalised, Reason, Rejected, normalise
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

# A spreadsheet would run a cell that starts with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


_MISSING = Rejected(Reason.EMPTY)
# Everything else is the same for many people: each distinct value is normalised once.
_OF_ONE_PERSON = frozenset({"email", "phone", "device_id", "external_id"})
_normalise_once = lru_cache(maxsize=200_000)(normalise)


@dataclass
class PersonRow:
    """The cells of one row, without those that were rejected; `rejects` are (field, reason)."""

    cells: dict[str, str]
    rejects: list[tuple[str, str]] = field(default_factory=list)


def identifiers(platform: Platform, cells: Mapping[str, str]) -> dict[str, str]:
    """The cells by which the platform finds the person."""
    return {name: cells[name] for name in platform.identifiers if name in cells}


def guarded(text: str) -> str:
    """The text with a leading `'` when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _cell(platform_name: str, platform: Platform, name: str, contact: Mapping[str, object]) -> str | Rejected:
    value = contact[SOURCES.get(name, name)]
    if value is None:
        return _MISSING
    country = contact["country"]
    form = normalise if name in _OF_ONE_PERSON else _normalise_once
    result = form(platform_name, name, str(value), None if country is None else str(country))
    if isinstance(result, Rejected):
        return result
    return _for_people(result, name in platform.identifiers) if platform.for_people else result.cell


def _for_people(result: Normalised, is_identifier: bool) -> str | Rejected:
    """Names are guarded; an address is not, because a guarded one is another address: it stays out."""
    text = guarded(result.cell)
    return Rejected(Reason.NOT_SENDABLE) if is_identifier and text != result.cell else text


def make_row(
    platform_name: str,
    platform: Platform,
    contact: Mapping[str, object],
    refused: frozenset[str] = frozenset(),
) -> PersonRow:
    """Normalise every field that the platform takes.

    `contact` has CONTACT_COLUMNS. `refused` are identifiers that another customer shares who said no: the
    stricter choice wins. A missing value is an empty cell, no reject.
    """
    row = PersonRow(cells={})
    for name in dict.fromkeys([*platform.fields, *platform.identifiers]):
        cell = (
            Rejected(REFUSED_BY_ANOTHER) if name in refused else _cell(platform_name, platform, name, contact)
        )
        if isinstance(cell, str):
            row.cells[name] = cell
        elif cell.reason != Reason.EMPTY:
            row.rejects.append((name, str(cell.reason)))
    return row


def line(
    platform: Platform, customer_id: str, cells: Mapping[str, str], unsubscribe: Callable[[str], str]
) -> list[str]:
    """The cells in the order of the file's header."""
    own: dict[str, Callable[[str], str]] = {CUSTOMER_ID: str, UNSUBSCRIBE_URL: unsubscribe}
    return [
        own[name](customer_id) if name in OWN_FIELDS else cells.get(name, "")
        for name in platform.columns.values()
    ]
