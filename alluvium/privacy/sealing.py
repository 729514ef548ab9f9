"""Seal one value so that it opens only as what it was sealed as: AES-256-GCM (NIST SP 800-38D).

Whose value it is and in which column it stands are additional data: a sealed value that is moved to another
row or column does not open.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alluvium.errors import AlluviumError

KEY_BYTES = 32
_NONCE_BYTES = 12
_SEPARATOR = "\x1f"


def _bound(customer_id: str, column: str) -> bytes:
    return _SEPARATOR.join(("contact_vault", customer_id, column)).encode()


class Sealer:
    """Seals and opens the values of one customer."""

    def __init__(self, key: bytes, customer_id: str) -> None:
        self._cipher, self._customer_id = AESGCM(key), customer_id

    def seal(self, column: str, value: str | None) -> str | None:
        """The sealed value as base64; None for None. Each call gives another text."""
        if value is None:
            return None
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(self._customer_id, column)
        return b64encode(nonce + self._cipher.encrypt(nonce, value.encode(), bound)).decode()

    def open(self, column: str, sealed: str | None) -> str | None:
        """The value. Raises AlluviumError when it was changed, moved, or sealed with another key."""
        if sealed is None:
            return None
        raw = b64decode(sealed)
        bound = _bound(self._customer_id, column)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound).decode()
        except InvalidTag:
            raise AlluviumError(
                f"A sealed {column} does not open: it was changed, moved, or sealed with another key",
                where="pii.contact_vault",
                do="Remove lake/pii/contact_vault: the next night makes it again",
            ) from None


def wrap(master: bytes, customer_id: str, key: bytes) -> bytes:
    """A customer's key, sealed with the master key."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, key, _bound(customer_id, "key"))


def unwrap(master: bytes, customer_id: str, wrapped: bytes) -> bytes:
    """The key that `wrap` sealed. Raises AlluviumError for another master key or customer."""
    try:
        bound = _bound(customer_id, "key")
        return AESGCM(master).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], bound)
    except InvalidTag:
        raise AlluviumError(
            "A contact key cannot be unwrapped",
            do="Restore secrets/purpose_keys.json and contact_keys.db of the same day",
        ) from None
