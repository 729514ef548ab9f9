"""Names, places, birth dates and ids.

Accents are kept: `münchen` and `mnchen` have different hashes, and only the first is on the other side.
"""

from __future__ import annotations

import re
import string
import unicodedata
from datetime import date
from functools import lru_cache

from spark_jobs.publish.normalise.countries import COUNTRIES
from spark_jobs.publish.normalise.reasons import Reason, Refusal

# Accents typed as characters of their own (´ `) stand for apostrophes in names.
_PUNCTUATION_CATEGORIES = ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sk")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_NOT_IN_PLACES = re.compile(r"[\d.\s\-()\[\]{}]")
_ZIP_PLUS_FOUR = re.compile(r"(\d{5})-?\d{4}")
_BLANK = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\x00-\x1f]+")
# Year first only: 03/07/1985 is March here and July there.
_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ].*)?|(\d{4})(\d{2})(\d{2})")
_FIRST_BIRTH_YEAR = 1900
_NO_DEVICE = re.compile(r"[0-]+")  # What a telephone gives when tracking is switched off.
_GENDERS = {"f": "f", "female": "f", "m": "m", "male": "m"}


def trim(value: str) -> str:
    """Without white space and invisible characters (direction, byte order, zero width) at both ends."""
    if value[:1].isalnum() and value[-1:].isalnum():
        return value
    first, last = 0, len(value)
    while first < last and _BLANK.fullmatch(value[first]):
        first += 1
    while last > first and _BLANK.fullmatch(value[last - 1]):
        last -= 1
    return value[first:last]


def lower(value: str) -> str:
    """Lower case, accents as one character each (Unicode NFC): typed either way, the hash is the same."""
    if value.isascii():
        return value.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower())


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character) in _PUNCTUATION_CATEGORIES


def plain(value: str, country: str | None) -> str:
    """White space at the ends removed, within the text made single spaces; else as it is."""
    return " ".join(value.split())


def unchanged(value: str, country: str | None) -> str:
    """As it is: an external id is compared byte for byte."""
    return value


def name(value: str, country: str | None) -> str:
    """Lower case; trimmed, as every value is."""
    return lower(value)


@lru_cache(maxsize=65_536)
def _without_punctuation(value: str) -> str:
    if value.isascii():
        return value.lower().translate(_ASCII_PUNCTUATION).strip()
    return "".join(c for c in lower(value) if not _is_punctuation(c)).strip()


def name_without_punctuation(value: str, country: str | None) -> str:
    """Lower case, trimmed, no punctuation: `O'Brien` is `obrien`."""
    return _without_punctuation(value)


def place(value: str, country: str | None) -> str:
    """Lower case without digits, dots, spaces, hyphens and brackets: `St. Louis (East)` is `stlouiseast`."""
    return _NOT_IN_PLACES.sub("", lower(value))


def postal_code(value: str, country: str | None) -> str:
    """Lower case, no white space; in the United States the first five digits, what `ZIP+4` adds cut off."""
    code = re.sub(r"\s", "", lower(value))
    plus_four = _ZIP_PLUS_FOUR.fullmatch(code)
    if (country or "").strip().upper() == "US":
        return plus_four[1] if plus_four else code.partition("-")[0]
    return plus_four[1] if plus_four and not country and "-" in code else code


def country_upper(value: str, country: str | None) -> str:
    """ISO 3166-1 alpha-2, upper case."""
    code = value.upper()
    if code not in COUNTRIES:
        raise Refusal(Reason.INVALID_COUNTRY)
    return code


def country_lower(value: str, country: str | None) -> str:
    """ISO 3166-1 alpha-2, lower case."""
    return country_upper(value, country).lower()


def gender(value: str, country: str | None) -> str:
    """`f` or `m`; anything else is left out, never guessed."""
    known = _GENDERS.get(lower(value))
    if known is None:
        raise Refusal(Reason.NOT_SENDABLE)
    return known


def _birth_date(value: str) -> date:
    parts = _DATE.fullmatch(value)
    numbers = [int(part) for part in parts.groups() if part and part.isdigit()] if parts else []
    try:
        born = date(*numbers) if numbers else None
    except ValueError:
        born = None
    if born is None or born.year < _FIRST_BIRTH_YEAR:
        raise Refusal(Reason.INVALID_DATE)
    return born


def birth_date(value: str, country: str | None) -> str:
    """`YYYYMMDD`."""
    return f"{_birth_date(value):%Y%m%d}"


def birth_year(value: str, country: str | None) -> str:
    """`YYYY` of an ISO date."""
    return f"{_birth_date(value):%Y}"


def birth_month(value: str, country: str | None) -> str:
    """`MM` of an ISO date."""
    return f"{_birth_date(value):%m}"


def birth_day(value: str, country: str | None) -> str:
    """`DD` of an ISO date."""
    return f"{_birth_date(value):%d}"


def device_id(value: str, country: str | None) -> str:
    """A mobile advertising id, trimmed."""
    identifier = value.strip()
    if _NO_DEVICE.fullmatch(identifier):
        raise Refusal(Reason.PLACEHOLDER)
    return identifier


def device_id_lower(value: str, country: str | None) -> str:
    """A mobile advertising id in lower case, dashes kept."""
    return device_id(value, country).lower()
