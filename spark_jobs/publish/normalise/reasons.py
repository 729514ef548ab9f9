"""Why a value does not go out."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The words of `rejects.csv`; programs may rely on them."""

    EMPTY = "empty"
    ALREADY_HASHED = "already_hashed"
    PLACEHOLDER = "placeholder"
    INVALID_EMAIL = "invalid_email"
    INVALID_PHONE = "invalid_phone"
    INVALID_DATE = "invalid_date"
    INVALID_COUNTRY = "invalid_country"
    COUNTRY_NEEDED = "country_needed"
    NOT_SENDABLE = "not_sendable"
    UNKNOWN_PLATFORM = "unknown_platform"
    UNKNOWN_FIELD = "unknown_field"


class Refusal(ValueError):
    """Raised by a rule that finds no normal form."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)
