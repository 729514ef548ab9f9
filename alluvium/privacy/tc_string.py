"""What a TC string says (IAB Europe, Transparency and Consent Framework 2): what was agreed to, since when.

Decoded by the published layout of the core segment, because no Python library for it is kept (the newest
release is of 2022). Only consent counts: a legitimate interest that a banner claims is not a choice.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

PURPOSES_FILE = Path(__file__).with_name("tcf_purposes.csv")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Places in bits: the fields before the purposes are 6, 36, 36, 12, 12, 6, 12, 12, 6, 1, 1 and 12 bits wide.
_VERSION, _UPDATED, _PURPOSES = (0, 6), (42, 36), (152, 24)
_SHORTEST_BITS = 213  # Up to the country of the publisher.


class TcStringError(ValueError):
    """Not a TC string of version 2; its text is not repeated."""


@dataclass(frozen=True)
class TcString:
    """`purposes` are the numbers of the framework, 1 to 24, that were agreed to."""

    updated_at: datetime
    purposes: frozenset[int]

    @property
    def choices(self) -> dict[str, bool]:
        """Our purposes: agreed to when all purposes of the framework that it needs are."""
        return {name: needed <= self.purposes for name, needed in needed_purposes().items()}


@lru_cache(maxsize=1)
def needed_purposes() -> dict[str, frozenset[int]]:
    """Which purposes of the framework each of ours needs."""
    with PURPOSES_FILE.open(newline="", encoding="utf-8") as file:
        return {
            row["purpose"]: frozenset(map(int, row["tcf_purposes"].split())) for row in csv.DictReader(file)
        }


def decode(text: str) -> TcString:
    """Read the core segment. Raises TcStringError for what is none of version 2."""
    core = text.strip().partition(".")[0]
    try:
        raw = base64.b64decode(core + "=" * (-len(core) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TcStringError("not base64url") from None
    if len(raw) * 8 < _SHORTEST_BITS:
        raise TcStringError("too short")
    bits = int.from_bytes(raw)
    if _at(bits, len(raw), _VERSION) != 2:
        raise TcStringError("not version 2")
    given = _at(bits, len(raw), _PURPOSES)
    width = _PURPOSES[1]
    return TcString(
        updated_at=_EPOCH + timedelta(milliseconds=100 * _at(bits, len(raw), _UPDATED)),
        purposes=frozenset(number for number in range(1, width + 1) if given >> (width - number) & 1),
    )


def _at(bits: int, count_bytes: int, place: tuple[int, int]) -> int:
    start, width = place
    return bits >> (count_bytes * 8 - start - width) & ((1 << width) - 1)


def choices_column(texts: pa.Array) -> pa.Array:
    """For each TC string a JSON object of our purposes; what cannot be read refuses all: closed, not open."""
    encoded = texts.dictionary_encode()
    found = pa.array([_as_json(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return found.take(encoded.indices)


def _as_json(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    try:
        return json.dumps(decode(text).choices)
    except TcStringError:
        return json.dumps(dict.fromkeys(needed_purposes(), False))
