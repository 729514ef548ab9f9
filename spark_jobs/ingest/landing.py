"""What was delivered: the files of one contract and run date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path

from alluvium.contract import Contract
from alluvium.errors import AlluviumError

_BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class Delivery:
    """The files of one contract and run date, none when nothing came."""

    contract: Contract
    run_date: date
    files: tuple[Path, ...]

    @property
    def byte_count(self) -> int:
        """Size as delivered."""
        return sum(path.stat().st_size for path in self.files)

    def fingerprint(self) -> str:
        """Names and bytes of the files in one hash: equal for the same delivery."""
        whole = blake2b(digest_size=16)
        for path in self.files:
            content = blake2b(digest_size=16)
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK_BYTES):
                    content.update(block)
            whole.update(path.name.encode() + b"\0" + content.digest())
        return whole.hexdigest()


def folder(landing: Path, contract: Contract, run_date: date) -> Path:
    """Where the files of a contract and run date arrive."""
    return landing / contract.source / contract.entity / f"run_date={run_date:%Y-%m-%d}"


def find(landing: Path, contract: Contract, run_date: date) -> Delivery:
    """The delivery of a contract and run date. Files that begin with a dot or underscore are not part of it.

    Raises AlluviumError when nothing came and the contract does not say `optional`.
    """
    place = folder(landing, contract, run_date)
    found = sorted(path for path in place.glob("*") if path.is_file() and path.name[0] not in "._")
    if not found and not contract.optional:
        raise AlluviumError(
            f"Nothing was delivered for {contract.label} on {run_date}",
            where=str(place),
            do="Land the files, or say `optional: true` in the contract if it may stay away",
        )
    return Delivery(contract, run_date, tuple(found))
