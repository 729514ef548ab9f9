"""Who was erased, known by keyed tokens only: what ingest needs to let nobody come back with old data.

Somebody who comes back later is a new person: their records get keys of the next generation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alluvium.lake import ledger
from alluvium.privacy import keys
from alluvium.settings import Settings
from alluvium.tables.ops import OPS_ERASURES

_SEPARATOR = "\x1f"


def token(secret: bytes, key: str) -> str:
    """What stands for a record key or an identifier key: neither can be told from it without the secret."""
    return keys.digest(secret, _SEPARATOR.join(("erased", key)))


@dataclass(frozen=True)
class Erasures:
    """Tokens and the times they were erased at, oldest first; empty in most lakes."""

    times: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)

    def erased_at(self, secret: bytes, key: str | None) -> datetime | None:
        """The last erasure of a key, None for one that was never erased."""
        if not self.times or key is None:
            return None
        found = self.times.get(token(secret, key))
        return found[-1] if found else None

    def last_of(self, secret: bytes, found: Iterable[str | None]) -> datetime | None:
        """The last erasure of any of these keys."""
        times = [at for key in found if (at := self.erased_at(secret, key)) is not None]
        return max(times, default=None)

    def key_of_today(self, secret: bytes, key: str | None) -> str | None:
        """The record key of the generation that began with the last erasure; the key itself without one."""
        generation = self.generation(secret, key)
        if key is None or not generation:
            return key
        return keys.digest(secret, _SEPARATOR.join(("generation", str(generation), key)))

    def generation(self, secret: bytes, key: str | None) -> int:
        """How often a record was erased."""
        return len(self.times.get(token(secret, key), ())) if self.times and key else 0


NOBODY = Erasures()


def load(settings: Settings) -> Erasures:
    """All erasures of this lake: some 200 bytes a token in memory."""
    times: dict[str, set[datetime]] = {}
    for row in ledger.rows(OPS_ERASURES, settings):
        times.setdefault(row["token"], set()).add(row["erased_at"])
    return Erasures({each: tuple(sorted(found)) for each, found in times.items()})


def note(
    settings: Settings, secret: bytes, found: Iterable[str], erased_at: datetime, request_id: str
) -> None:
    """Add the tokens of record and identifier keys; a second call with the same request changes nothing."""
    tokens = sorted({token(secret, key) for key in found})
    rows = [{"token": each, "erased_at": erased_at, "request_id": request_id} for each in tokens]
    ledger.replace(OPS_ERASURES, rows, f"request_id = '{request_id}'", settings)
