"""E-mail addresses."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from spark_jobs.publish.normalise.placeholders import is_placeholder_email
from spark_jobs.publish.normalise.reasons import Reason, Refusal
from spark_jobs.publish.normalise.text import lower

_WHITE_SPACE = re.compile(r"\s+")
# Google reads these two domains without dots and without what follows a plus, and no other domain.
_DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})


def _checked(address: str) -> str:
    if is_placeholder_email(address):
        raise Refusal(Reason.PLACEHOLDER)
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        raise Refusal(Reason.INVALID_EMAIL) from None
    return address


def trimmed(value: str, country: str | None) -> str:
    """Lower case, white space at both ends removed (Meta, X, and plain files)."""
    return _checked(lower(value).strip())


def without_white_space(value: str, country: str | None) -> str:
    """Lower case, all white space removed (TikTok)."""
    return _checked(_WHITE_SPACE.sub("", lower(value)))


def google(value: str, country: str | None) -> str:
    """As `without_white_space`; at Gmail's two domains also without dots and `+suffix` in the local part."""
    address = without_white_space(value, country)
    local, _, domain = address.rpartition("@")
    if domain not in _DOTLESS_DOMAINS:
        return address
    return _checked(f"{local.partition('+')[0].replace('.', '')}@{domain}")
