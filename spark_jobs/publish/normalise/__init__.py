"""The normal form that each platform wants of a contact detail, and its hash.

Pure and without Spark. The rules follow the platforms' own pages; the inputs and expected answers in
`tests/spark_jobs/publish/audience_vectors.json` are there for others to use, too.

    >>> normalise("google", "email", "J.o.h.n@googlemail.com").value
    'john@googlemail.com'
    >>> normalise("meta", "gender", "divers")
    Rejected(reason='not_sendable')
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

from spark_jobs.publish.normalise.platforms import PLATFORMS, Rule
from spark_jobs.publish.normalise.reasons import Reason, Refusal
from spark_jobs.publish.normalise.text import trim

__all__ = ["FIELDS", "PLATFORMS", "Normalised", "Reason", "Rejected", "normalise"]

FIELDS = frozenset(field for rules in PLATFORMS.values() for field in rules)

_SHA256_DIGITS = 64
_SHA256_HEX = re.compile(r"[0-9a-fA-F]{64}")


class Normalised(NamedTuple):
    """The normal form, and its `sha256` (64 lower-case hex digits) where the platform wants that instead."""

    value: str
    sha256: str | None

    @property
    def cell(self) -> str:
        """The text of the file's cell."""
        return self.sha256 or self.value


class Rejected(NamedTuple):
    """A value that must not go out, and why; the reason never carries the value."""

    reason: str


def _is_unicode(text: str) -> bool:
    """Whether the text has a UTF-8 form: JSON can carry half a character."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def normalise(
    platform: str, field: str, value: str | None, country: str | None = None
) -> Normalised | Rejected:
    """Bring one value into the form that the platform compares.

    `country` (ISO 3166-1 alpha-2) is where the person lives: it decides how a national telephone number and a
    postal code are read. An empty value is rejected as `empty`, never hashed; nothing is hashed twice.
    """
    rules = PLATFORMS.get(platform)
    if rules is None:
        return Rejected(Reason.UNKNOWN_PLATFORM)
    rule = rules.get(field)
    if rule is None:
        return Rejected(Reason.NOT_SENDABLE if field in FIELDS else Reason.UNKNOWN_FIELD)
    return _by_rule(rule, value or "", country)


def _by_rule(rule: Rule, text: str, country: str | None) -> Normalised | Rejected:
    if not _is_unicode(text):
        return Rejected(Reason.NOT_SENDABLE)
    trimmed = trim(text)
    if not trimmed:
        return Rejected(Reason.EMPTY)
    if rule.is_contact:
        text = trimmed
        if len(text) == _SHA256_DIGITS and _SHA256_HEX.fullmatch(text):
            return Rejected(Reason.ALREADY_HASHED)
    try:
        normal = rule.form(text, country)
    except Refusal as refusal:
        return Rejected(refusal.reason)
    if not normal:
        return Rejected(Reason.EMPTY)
    return Normalised(normal, sha256(normal.encode()).hexdigest() if rule.is_hashed else None)
