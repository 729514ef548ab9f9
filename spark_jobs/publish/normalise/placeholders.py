"""Addresses that stand for "none": `placeholder_emails.csv`, one a line, is the list to extend."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_SEED = Path(__file__).with_name("placeholder_emails.csv")


@cache
def placeholder_emails() -> frozenset[str]:
    """The addresses, lower case."""
    with _SEED.open(encoding="utf-8", newline="") as seed:
        return frozenset(row["address"] for row in csv.DictReader(seed))
