"""Numbers that follow from what a value says and from a key, whatever else stands in the table."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl

from spark_jobs.identity.engine.arrays import Codes, Ints, mixed

_BYTES = 8


def fingerprints(values: pl.Series, key: bytes) -> Codes:
    """A keyed hash of each text (BLAKE2b, RFC 7693), shape (values,): the same on every machine."""
    found = b"".join(blake2b(value.encode(), digest_size=_BYTES, key=key).digest() for value in values)
    return np.frombuffer(found, "<u8").astype(np.uint64)


def of_some(values: pl.Series, which: Ints, key: bytes) -> Codes:
    """The fingerprints of some of the values, in their places; 0 for the others."""
    found = np.zeros(len(values), np.uint64)
    found[which] = fingerprints(values.gather(which), key)
    return found


def of_numbers(numbers: Ints, key: bytes) -> Codes:
    """Codes of numbers that say nothing by themselves, such as years."""
    salt = int.from_bytes(blake2b(b"numbers", digest_size=_BYTES, key=key).digest(), "little")
    return mixed(numbers.astype(np.uint64) ^ np.uint64(salt))


def seed(key: bytes) -> int:
    """A seed for polars' hash of rows, from the key."""
    return int.from_bytes(blake2b(b"rows", digest_size=_BYTES, key=key).digest(), "little")
