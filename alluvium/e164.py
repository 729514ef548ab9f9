"""Numbers that are in E.164 already, told apart from all others by the patterns of `phonenumbers` itself.

To read a number as text takes the library some 100 microseconds, and nearly every number of a customer table
is normal already. One regular expression per region, made of the library's metadata, recognises those; what
it does not recognise is asked of the library, so that both ways give the same answer for every input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata

_DIGITS = re.compile(r"\+[1-9][0-9]{3,14}")
_LONGEST_COUNTRY_CODE = 3
# Of the kinds in the metadata those that make a number valid; `mobile` only where it is not `fixed_line`.
_KINDS = (
    "fixed_line", "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan",
    "voicemail",
)  # fmt: skip


class _Region(NamedTuple):
    """`leading` (where a region is known by its first digits) and `valid` are of the national number."""

    leading: re.Pattern[str] | None
    valid: re.Pattern[str]


class _Country(NamedTuple):
    """The regions of a calling code in the library's order; a number may lose what `prefix` matches."""

    prefix: re.Pattern[str] | None
    regions: tuple[_Region, ...]


def _alternatives(metadata: PhoneMetadata) -> Iterator[str]:
    kinds = _KINDS if metadata.same_mobile_and_fixed_line_pattern else ("mobile", *_KINDS)
    for kind in kinds:
        described = getattr(metadata, kind)
        if described is not None and described.national_number_pattern:
            lengths = "|".join(f"[0-9]{{{length}}}" for length in described.possible_length)
            ahead = rf"(?=(?:{lengths})\Z)" if lengths else ""
            yield f"{ahead}(?:{described.national_number_pattern})"


def _region(metadata: PhoneMetadata, is_alone: bool) -> _Region:
    general = metadata.general_desc
    assert general is not None  # Only metadata of short numbers lacks it.
    lengths = "|".join(f"[0-9]{{{length}}}" for length in general.possible_length) or "[0-9]+"
    both = rf"(?=(?:{lengths})\Z)(?=(?:{general.national_number_pattern})\Z)"
    leading = None if is_alone or metadata.leading_digits is None else re.compile(metadata.leading_digits)
    return _Region(leading, re.compile(f"{both}(?:{'|'.join(_alternatives(metadata)) or '(?!)'})"))


@cache
def _country(code: int) -> _Country | None:
    names = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code)
    if names is None:
        return None
    found = (PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names)
    held = [metadata for metadata in found if metadata is not None]
    prefix = held[0].national_prefix_for_parsing
    regions = tuple(_region(metadata, len(held) == 1) for metadata in held)
    return _Country(re.compile(prefix) if prefix else None, regions)


@cache
def _calling_code(digits: str) -> int | None:
    """The calling code that the first three digits begin with: no code begins another."""
    lengths = range(1, _LONGEST_COUNTRY_CODE + 1)
    codes = (int(digits[:length]) for length in lengths)
    return next((code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), None)


@lru_cache(maxsize=32_768)  # A batch of people is asked for the list of the suppressed and for the file.
def is_normal(value: str) -> bool:
    """Whether the value is a valid number that the library writes as it stands; False may mean unsure."""
    if not _DIGITS.fullmatch(value):
        return False
    code = _calling_code(value[1 : 1 + _LONGEST_COUNTRY_CODE])
    country = None if code is None else _country(code)
    if country is None:
        return False
    national = value[1 + len(str(code)) :]
    if len(national) < 2 or (country.prefix is not None and country.prefix.match(national)):
        return False
    return _is_valid(national, country)


def _is_valid(national: str, country: _Country) -> bool:
    """The first region that claims a number decides about it."""
    for region in country.regions:
        if region.leading is None:
            if region.valid.fullmatch(national):
                return True
        elif region.leading.match(national):
            return bool(region.valid.fullmatch(national))
    return False
