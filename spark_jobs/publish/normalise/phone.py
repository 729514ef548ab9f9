"""Telephone numbers, read by Google's library `phonenumbers`."""

from __future__ import annotations

import re

import phonenumbers

from alluvium.e164 import is_normal
from spark_jobs.publish.normalise.reasons import Reason, Refusal

_WITH_PLUS = re.compile(r"\D*[+＋]\s*\d")


def _region(country: str | None) -> str | None:
    region = (country or "").strip().upper()
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def e164(value: str, country: str | None) -> str:
    """`+` and country code and number (ITU-T E.164). A national number needs the country it is dialled in."""
    if is_normal(value):
        return value
    region = _region(country)
    if region is None and not _WITH_PLUS.match(value):
        raise Refusal(Reason.COUNTRY_NEEDED)
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise Refusal(Reason.INVALID_PHONE) from None
    if not phonenumbers.is_valid_number(number):
        raise Refusal(Reason.INVALID_PHONE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def digits(value: str, country: str | None) -> str:
    """E.164 without the `+` (Meta)."""
    return e164(value, country).removeprefix("+")
