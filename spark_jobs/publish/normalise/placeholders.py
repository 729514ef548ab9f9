"""Addresses that stand for "none": the usual shapes, and the list of `placeholder_emails.csv`."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from alluvium.contact import PLACEHOLDER_MAILBOXES, is_placeholder

_SEED = Path(__file__).with_name("placeholder_emails.csv")


@cache
def _listed() -> frozenset[str]:
    with _SEED.open(encoding="utf-8", newline="") as seed:
        return frozenset(row["address"] for row in csv.DictReader(seed))


def is_placeholder_email(address: str) -> bool:
    """Whether a lower-case address names nobody."""
    if address in _listed():
        return True
    mailbox, at, _ = address.rpartition("@")
    if at and address.isascii() and mailbox not in PLACEHOLDER_MAILBOXES:
        return False  # Of nearly every address nothing more needs to be asked.
    return is_placeholder("email", address)
