"""Keyed hashes (HMAC-SHA-256, RFC 2104) that stand for personal identifiers outside the `pii` schema.

The 256-bit secret lies in one file under `secrets/`. Worker functions are told where it lies and read it
there; `ALLUVIUM_KEY_FILE` names the file on workers that see another file system. The secret itself is
never part of a closure, a literal or a plan.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from alluvium.contact import CACHED_VALUES, DEFAULT_REGION, normalise_identifier
from alluvium.errors import AlluviumError
from alluvium.privacy import secret_file
from alluvium.settings import Settings, get_settings

FILE_NAME = "record.key"
FILE_VARIABLE = "ALLUVIUM_KEY_FILE"
SECRET_BYTES = 32
KEY_BYTES = 16  # 128 bits: no accidental collision below 10^18 records.
_SEPARATOR = "\x1f"


def key_file(settings: Settings | None = None) -> Path:
    """Where the secret lies."""
    return (settings or get_settings()).secrets / FILE_NAME


def ensure_key(settings: Settings | None = None) -> Path:
    """The secret's file, made with a random secret the first time."""
    path = key_file(settings)
    secret_file.make_once(path, lambda: secrets.token_hex(SECRET_BYTES))
    return path


@lru_cache(maxsize=8)
def _read(path: str) -> bytes:
    file = Path(path)
    try:
        secret = bytes.fromhex(file.read_text().strip())
        mode = file.stat().st_mode
    except (OSError, ValueError):
        raise AlluviumError(
            "The key of the personal identifiers cannot be read",
            where=path,
            do="Restore it from your backup: a new key would cut all history off",
        ) from None
    if len(secret) != SECRET_BYTES:
        raise AlluviumError(f"The key must have {SECRET_BYTES} bytes in hexadecimal", where=path)
    if mode & 0o077:
        raise AlluviumError("Others can read the key", where=path, do=f"chmod 600 {path}")
    return secret


def load_secret(path: Path | str | None = None) -> bytes:
    """The secret, read once a process. Raises AlluviumError when it is missing, broken or open to others."""
    return _read(os.environ.get(FILE_VARIABLE) or str(path or key_file()))


def digest(secret: bytes, text: str) -> str:
    """HMAC-SHA-256 of a text, cut to 128 bits, in hexadecimal."""
    return hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256")[:KEY_BYTES].hex()


@lru_cache(CACHED_VALUES)
def _record_key(secret: bytes, source: str, record_id: str | None) -> str | None:
    text = normalise_identifier("record", record_id)
    return text and digest(secret, _SEPARATOR.join(("record", source, text)))


@lru_cache(CACHED_VALUES)
def _identifier_key(secret: bytes, kind: str, value: str | None, region: str) -> str | None:
    text = normalise_identifier(kind, value, region)
    return text and digest(secret, _SEPARATOR.join(("identifier", kind, text)))


def record_key(source: str, record_id: str | None, secret: bytes | None = None) -> str | None:
    """The key of a record: its source and its id there. None for no id or a placeholder: never linked."""
    return _record_key(secret or load_secret(), source, record_id)


def identifier_key(
    kind: str, value: str | None, region: str = DEFAULT_REGION, secret: bytes | None = None
) -> str | None:
    """The key of an identifier, the same in every source. None for what identifies nobody."""
    return _identifier_key(secret or load_secret(), kind, value, region)


def key_column(values: pa.Array, make_key: Callable[[str], str | None]) -> pa.Array:
    """A key for each value; each distinct value is hashed once. Nulls stay null."""
    encoded = values.dictionary_encode()
    found = pa.array([make_key(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return found.take(encoded.indices)


def hash_column(secret: bytes, texts: pa.Array) -> pa.Array:
    """The digest of each text, about a microsecond each."""
    new = hmac.digest
    raw = texts.cast(pa.large_binary()).to_pylist()
    return pa.array([new(secret, text, "sha256")[:KEY_BYTES].hex() for text in raw], pa.string())
