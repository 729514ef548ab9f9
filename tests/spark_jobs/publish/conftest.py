"""People as the candidates' stream gives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

NOBODY: dict[str, Any] = {
    "email": None, "phone": None, "first_name": None, "last_name": None, "city": None, "state": None,
    "postal_code": None, "country": None, "birth_date": None,
}  # fmt: skip


@pytest.fixture
def person() -> Callable[..., dict[str, Any]]:
    """A consenting member who was not with the platform before; keywords change that."""

    def make(customer_id: str, **changes: Any) -> dict[str, Any]:
        made = {
            **NOBODY, "customer_id": customer_id, "email": f"{customer_id.lower()}@example.org",
            "country": "US", "is_member": True, "is_consented": True,
            "email_is_refused": False, "phone_is_refused": False,
            "entered_at": None, "written_left_at": None, "former_purpose": None, "former_version": None,
        }  # fmt: skip
        return made | changes

    return make


@pytest.fixture
def former() -> dict[str, Any]:
    """Changes that make a person one who was with the platform since the day before."""
    yesterday = datetime(2017, 11, 1, tzinfo=UTC)
    return {
        "entered_at": int(yesterday.timestamp()) * 1_000_000,
        "former_purpose": "marketing_email",
        "former_version": "old",
    }


@pytest.fixture
def stream() -> Callable[[list[dict[str, Any]]], pl.DataFrame]:
    """A batch of such people."""
    texts = (*NOBODY, "customer_id", "former_purpose", "former_version")
    flags = ("is_member", "is_consented", "email_is_refused", "phone_is_refused")
    schema = {
        **dict.fromkeys(texts, pl.String), "birth_date": pl.Date,
        **dict.fromkeys(flags, pl.Boolean), "entered_at": pl.Int64, "written_left_at": pl.Int64,
    }  # fmt: skip
    return lambda people: pl.DataFrame(people, schema=schema)
