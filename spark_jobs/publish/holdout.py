"""Who is kept out of a segment's deliveries on purpose, so that its effect can be measured.

The choice is a hash of experiment and customer: the same each night and on every machine, independent
between segments.
"""

from __future__ import annotations

from hashlib import sha256

_RANGE = 2**64


def position(experiment: str, customer_id: str) -> float:
    """Where the customer stands in the experiment, even over 0 to 1."""
    digest = sha256(f"holdout\x1f{experiment}\x1f{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _RANGE


def is_held_out(experiment: str, customer_id: str, share: float) -> bool:
    """Whether the customer is among the `share` (0 to 1) that is not sent."""
    return share > 0 and position(experiment, customer_id) < share
