"""Signatures on certificates and on the audit trail: Ed25519 (RFC 8032).

Not an HMAC: who checks a signature needs the public key only, and cannot make one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from alluvium.errors import AlluviumError
from alluvium.privacy import secret_file
from alluvium.settings import Settings

FILE_NAME = "signing.key"


def _key(settings: Settings) -> Ed25519PrivateKey:
    """The private key, made the first time; two processes at once agree on one."""
    path = settings.secrets / FILE_NAME
    secret_file.make_once(path, lambda: Ed25519PrivateKey.generate().private_bytes_raw().hex())
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except (OSError, ValueError):
        raise AlluviumError(
            "The signing key cannot be read", where=str(path), do="Restore it from your backup"
        ) from None


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one text of a value that is signed: keys sorted, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()


def public_key(settings: Settings) -> str:
    """The public key in hexadecimal, to be kept where this machine cannot write."""
    return _key(settings).public_key().public_bytes_raw().hex()


def sign(settings: Settings, value: Mapping[str, Any]) -> str:
    """The signature of a value, in hexadecimal."""
    return _key(settings).sign(canonical(value)).hex()


def is_signed_by(public: str, value: Mapping[str, Any], signature: str) -> bool:
    """Whether the signature of the value was made with the key that `public` belongs to."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), canonical(value)
        )
    except (InvalidSignature, ValueError):
        return False
    return True
