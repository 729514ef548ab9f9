"""E-mail addresses."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from spark_jobs.publish.normalise.placeholders import is_placeholder_email
from spark_jobs.publish.normalise.reasons import Reason, Refusal
from spark_jobs.publish.normalise.text import lower

_WHITE_SPACE = re.compile(r"\s+")
# Google reads these two domains without dots and without what follows a plus, and no other domain.
_DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
# What nearly every mailbox looks like, and the library allows; only the others need its parser.
_PLAIN_MAILBOX = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_LONGEST_MAILBOX, _LONGEST_ADDRESS = 64, 254


def _is_plain(mailbox: str, address: str) -> bool:
    is_short = len(mailbox) <= _LONGEST_MAILBOX and len(address) <= _LONGEST_ADDRESS
    return is_short and _PLAIN_MAILBOX.fullmatch(mailbox) is not None


@lru_cache(maxsize=65_536)
def _is_valid_domain(domain: str) -> bool:
    return _is_accepted(f"a@{domain}")


def _is_accepted(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _checked(address: str) -> str:
    mailbox, _, domain = address.rpartition("@")
    is_plain = _is_plain(mailbox, address)
    if is_placeholder_email(address):
        raise Refusal(Reason.PLACEHOLDER)
    if not (_is_valid_domain(domain) if is_plain else _is_accepted(address)):
        raise Refusal(Reason.INVALID_EMAIL)
    return address


def trimmed(value: str, country: str | None) -> str:
    """Lower case; trimmed, as every value is (Meta, X, and plain files)."""
    return _checked(lower(value))


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
