"""Which rule each platform has for which field, and whether it wants the hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spark_jobs.publish.normalise import email, phone, text


@dataclass(frozen=True)
class Rule:
    """`form(value, country)` gives the normal form or raises Refusal."""

    form: Callable[[str, str | None], str]
    is_hashed: bool
    is_contact: bool = True  # False for ids, which may look like a hash without being one.


def hashed(form: Callable[[str, str | None], str]) -> Rule:
    """The platform compares SHA-256 of the normal form."""
    return Rule(form, is_hashed=True)


def plain(form: Callable[[str, str | None], str]) -> Rule:
    """The platform wants the normal form itself."""
    return Rule(form, is_hashed=False)


def identifier(form: Callable[[str, str | None], str]) -> Rule:
    """An id that goes out as it is."""
    return Rule(form, is_hashed=False, is_contact=False)


_PLAIN_FILE = {
    "email": plain(email.trimmed),
    "phone": plain(phone.e164),
    "first_name": plain(text.plain),
    "last_name": plain(text.plain),
    "city": plain(text.plain),
    "state": plain(text.plain),
    "zip": plain(text.plain),
    "country": plain(text.country_upper),
    "external_id": identifier(text.unchanged),
}

PLATFORMS: dict[str, dict[str, Rule]] = {
    "meta": {
        "email": hashed(email.trimmed),
        "phone": hashed(phone.digits),
        "first_name": hashed(text.name_without_punctuation),
        "last_name": hashed(text.name_without_punctuation),
        "city": hashed(text.place),
        "state": hashed(text.place),
        "zip": hashed(text.postal_code),
        "country": hashed(text.country_lower),
        "birth_date": hashed(text.birth_date),
        "birth_year": hashed(text.birth_year),
        "birth_month": hashed(text.birth_month),
        "birth_day": hashed(text.birth_day),
        "gender": hashed(text.gender),
        "device_id": identifier(text.device_id_lower),
        "external_id": identifier(text.unchanged),
    },
    "google": {
        "email": hashed(email.google),
        "phone": hashed(phone.e164),
        "first_name": hashed(text.name),
        "last_name": hashed(text.name),
        "zip": plain(text.plain),
        "country": plain(text.country_upper),
        "device_id": identifier(text.device_id),
    },
    "tiktok": {
        "email": hashed(email.without_white_space),
        "phone": hashed(phone.e164),
        "device_id": identifier(text.device_id),
    },
    "x": {"email": hashed(email.trimmed), "device_id": identifier(text.device_id_lower)},
    "email": _PLAIN_FILE,
    "csv": _PLAIN_FILE,
}
