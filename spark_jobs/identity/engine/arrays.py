"""Shapes that all steps share: arrays over records and pairs of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]  # whole numbers of any width: 32 bits where there are many
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Levels = NDArray[np.uint8]
Codes = NDArray[np.uint64]

CHUNK = 1 << 16  # pairs at once: their columns stay in the processor's cache
THREADS = 2


def mixed(codes: Codes) -> Codes:
    """Spread the bits of each code over all 64 (splitmix64, Steele and others 2014)."""
    with np.errstate(over="ignore"):
        z = codes + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """Slices that cover `count` in order."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def in_chunks(function: Callable[[slice], None], count: int) -> None:
    """Call the function for every chunk, on a few threads: NumPy works without the interpreter's lock."""
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(function, chunks(count)):
            pass


def packed(left: Ints, right: Ints) -> Codes:
    """One number for each pair of record numbers; ascending by the left, then the right one."""
    return (left.astype(np.uint64) << np.uint64(32)) | right.astype(np.uint64)


def unpacked(codes: Codes) -> tuple[Ints, Ints]:
    """The pairs that `packed` made numbers of."""
    return (codes >> np.uint64(32)).astype(np.int64), (codes & np.uint64(0xFFFFFFFF)).astype(np.int64)


def unique(codes: Codes) -> Codes:
    """Ascending, each once. Sorts in place."""
    codes.sort()
    return codes[np.concatenate([[True], codes[1:] != codes[:-1]])] if len(codes) else codes


def contains(codes: Codes, ascending: Codes) -> Bools:
    """Which codes are among the ascending ones."""
    found = np.zeros(len(codes), bool)
    if len(ascending):
        may = np.flatnonzero(_sieved(codes, ascending)) if len(codes) > CHUNK else np.arange(len(codes))
        at = np.minimum(np.searchsorted(ascending, codes[may]), len(ascending) - 1)
        found[may] = ascending[at] == codes[may]
    return found


def _sieved(codes: Codes, known: Codes) -> Bools:
    """Which codes may be among the known ones: one look at a table of bits, before each is searched for."""
    bits = min(max(len(known).bit_length() + 3, 10), 26)
    shift, spread = np.uint64(64 - bits), np.uint64(0x9E3779B97F4A7C15)
    table = np.zeros(1 << bits, bool)
    table[known * spread >> shift] = True
    return table[codes * spread >> shift]


def ranges(starts: Ints, counts: Ints) -> Ints:
    """The numbers start, start + 1, ... of every range, one range after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts - starts, counts)
