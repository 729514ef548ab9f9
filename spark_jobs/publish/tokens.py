"""Tokens that stand for a customer outside the company; nobody else can make or reverse one."""

from __future__ import annotations

from alluvium.privacy.keys import digest

_SEPARATOR = "\x1f"


def unsubscribe_token(secret: bytes, customer_id: str) -> str:
    """The last part of a customer's one-click unsubscribe address (RFC 8058): 32 hex digits."""
    return digest(secret, _SEPARATOR.join(("unsubscribe", customer_id)))


def delivery_key(secret: bytes, destination: str, manifest: bytes) -> str:
    """The idempotency key of a delivery: the same files at the same place have the same one."""
    return digest(secret, _SEPARATOR.join(("delivery", destination, manifest.decode())))
