"""Which blocking keys are hot: their blocks are too large to be compared whole. Frozen with a model.

With the hot keys frozen, which blocks a record is in follows from the record alone, so a new record changes
no pair of others, but for those that only met as neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spark_jobs.identity.engine.arrays import Bools, Codes, Ints, contains


@dataclass(frozen=True)
class Heat:
    """By how many keys are combined: the largest block that is compared whole, and the ascending hot codes.

    `sizes`: how large the blocks of single hot keys were; a record combines those of its smallest blocks.
    """

    caps: tuple[int, ...]
    codes: tuple[Codes, ...]
    sizes: Ints

    def is_hot(self, depth: int, codes: Codes) -> Bools:
        """Which codes, of `depth` keys combined, are hot."""
        return contains(codes, self.codes[depth - 1])

    def sizes_of(self, codes: Codes) -> Ints:
        """The sizes of single keys that are hot."""
        return self.sizes[np.searchsorted(self.codes[0], codes)]

    def scaled(self, factor: float) -> Heat:
        """For a table with so many times the records: the same keys are hot, blocks are that much larger."""
        sizes = np.round(self.sizes * factor).astype(np.int64)
        return Heat(tuple(round(cap * factor) for cap in self.caps), self.codes, sizes)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; codes are keyed hashes in hexadecimal, 16 digits each."""
        return {
            "caps": list(self.caps),
            "codes": [codes.astype(">u8").tobytes().hex() for codes in self.codes],
            "sizes": self.sizes.tolist(),
        }

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> Heat:
        """What `as_dict` wrote."""
        codes = (np.frombuffer(bytes.fromhex(text), ">u8").astype(np.uint64) for text in held["codes"])
        return cls(tuple(held["caps"]), tuple(codes), np.array(held["sizes"], np.int64))
