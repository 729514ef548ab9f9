"""Keys that change, one series for each purpose: what a platform or partner is told joins nowhere else.

They lie in one file, `secrets/purpose_keys.json` (`ALLUVIUM_PURPOSE_KEYS` names another, such as one that a
secrets store mounts). A series has numbered versions; when it is rotated the version before stays good for a
grace period, so that what was told under it can still be understood.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

from alluvium.contact import DEFAULT_REGION, normalise_identifier
from alluvium.errors import AlluviumError
from alluvium.privacy.keys import SECRET_BYTES, digest
from alluvium.settings import Settings

FILE_NAME = "purpose_keys.json"
GRACE_DAYS = 30
CONTACTS = ("email", "phone")
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class PurposeKey:
    """One version of a purpose's key. `ends_on` is the last day of its grace, None for the current one."""

    purpose: str
    version: int
    secret: bytes
    ends_on: date | None = None

    def is_good(self, on: date) -> bool:
        """Whether what was made with it is still understood."""
        return self.ends_on is None or on <= self.ends_on


def file_of(settings: Settings) -> Path:
    """Where the keys lie."""
    return settings.purpose_keys or settings.secrets / FILE_NAME


def _read(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    path = file_of(settings)
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        mode = path.stat().st_mode
    except (OSError, ValueError):
        raise AlluviumError(
            "The keys of the purposes cannot be read", where=str(path), do="Restore them from your backup"
        ) from None
    if mode & 0o077:
        raise AlluviumError("Others can read the keys", where=str(path), do=f"chmod 600 {path}")
    return dict(found)


def _write(settings: Settings, series: dict[str, list[dict[str, Any]]]) -> None:
    path = file_of(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(series, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _lock(settings: Settings) -> FileLock:
    path = file_of(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"))


def _new(version: int) -> dict[str, Any]:
    return {"version": version, "secret": secrets.token_hex(SECRET_BYTES), "ends_on": None}


def _as_key(purpose: str, row: dict[str, Any]) -> PurposeKey:
    ends_on = date.fromisoformat(row["ends_on"]) if row["ends_on"] else None
    return PurposeKey(purpose, row["version"], bytes.fromhex(row["secret"]), ends_on)


def versions(settings: Settings, purpose: str) -> list[PurposeKey]:
    """All versions of a purpose's key, newest first; the first is made when there is none."""
    rows = _read(settings).get(purpose)
    if not rows:
        with _lock(settings):
            series = _read(settings)
            if not series.get(purpose):
                _write(settings, series | {purpose: [_new(1)]})
            rows = _read(settings)[purpose]
    return sorted((_as_key(purpose, row) for row in rows), key=lambda key: -key.version)


def current(settings: Settings, purpose: str) -> PurposeKey:
    """The version that new tokens are made with."""
    return versions(settings, purpose)[0]


def good(settings: Settings, purpose: str, on: date) -> list[PurposeKey]:
    """The versions that are understood on a day, newest first."""
    return [key for key in versions(settings, purpose) if key.is_good(on)]


def rotate(settings: Settings, purpose: str, on: date, grace_days: int = GRACE_DAYS) -> PurposeKey:
    """Begin a new version; the one before is good for `grace_days` more days. Versions that ended go."""
    versions(settings, purpose)
    with _lock(settings):
        series = _read(settings)
        rows = series[purpose]
        last = max(row["version"] for row in rows)
        ends_on = (on + timedelta(days=grace_days)).isoformat()
        kept = [
            row | {"ends_on": row["ends_on"] or ends_on} for row in rows if _as_key(purpose, row).is_good(on)
        ]
        _write(settings, series | {purpose: [*kept, _new(last + 1)]})
    return current(settings, purpose)


def forget(settings: Settings, purpose: str, before: int) -> None:
    """Remove the versions older than `before`: nothing needs them any more."""
    with _lock(settings):
        series = _read(settings)
        rows = [row for row in series.get(purpose, []) if row["version"] >= before]
        _write(settings, series | {purpose: rows})


def purposes(settings: Settings) -> list[str]:
    """The purposes that have a key."""
    return sorted(_read(settings))


def token(key: PurposeKey, kind: str, value: str | None, region: str = DEFAULT_REGION) -> str | None:
    """`<version>-<32 hex digits>` for a customer id, an address or a number; None for none.

    The same person has another token under each purpose and version.
    """
    text = normalise_identifier(kind, value, region) if kind in CONTACTS else value
    return text and f"{key.version}-{digest(key.secret, _SEPARATOR.join(('token', kind, text)))}"


def versions_in(tokens: Sequence[str]) -> set[int]:
    """The versions that tokens were made with; what is no token has none."""
    heads = {text.partition("-")[0] for text in tokens}
    return {int(head) for head in heads if head.isascii() and head.isdigit()}
