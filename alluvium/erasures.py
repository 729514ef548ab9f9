"""Who was erased, known by keyed tokens only: what ingest needs to let nobody come back with old data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from alluvium import keys, ledger
from alluvium.settings import Settings, get_settings
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

    def generation(self, secret: bytes, key: str | None) -> int:
        """How often a record was erased."""
        return len(self.times.get(token(secret, key), ())) if self.times and key else 0


def load(settings: Settings) -> Erasures:
    """All erasures of this lake: some 200 bytes a token in memory."""
    times: dict[str, set[datetime]] = {}
    for row in ledger.rows(OPS_ERASURES, settings):
        times.setdefault(row["token"], set()).add(row["erased_at"])
    return Erasures({each: tuple(sorted(found)) for each, found in times.items()})


@lru_cache(maxsize=4)
def load_from(lake: Path, version: int) -> Erasures:
    """As `load`, for worker processes, which are told where the lake is; `version` is what the driver saw."""
    return load(get_settings().model_copy(update={"home": lake.parent})) if version >= 0 else Erasures()


def note(
    settings: Settings, secret: bytes, found: Iterable[str], erased_at: datetime, request_id: str
) -> None:
    """Add the tokens of record and identifier keys; a second call with the same request changes nothing."""
    tokens = sorted({token(secret, key) for key in found})
    rows = [{"token": each, "erased_at": erased_at, "request_id": request_id} for each in tokens]
    ledger.replace(OPS_ERASURES, rows, f"request_id = '{request_id}'", settings)
