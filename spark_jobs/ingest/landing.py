"""What was delivered: the files of one contract and run date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path

from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from spark_jobs.ingest import store
from spark_jobs.ingest.store import Landed

_BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class Delivery:
    """The files of one contract and run date, none when nothing came."""

    contract: Contract
    run_date: date
    files: tuple[Landed, ...]

    @property
    def byte_count(self) -> int:
        """Size as delivered."""
        return sum(file.size for file in self.files)

    def fingerprint(self) -> str:
        """Names and bytes of the files in one hash: equal for the same delivery."""
        whole = blake2b(digest_size=16)
        for file in self.files:
            content = file.tag.encode() if file.tag else _digest(Path(file.url))
            whole.update(file.name.encode() + b"\0" + content)
        return whole.hexdigest()


def _digest(path: Path) -> bytes:
    content = blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            content.update(block)
    return content.digest()


def part(contract: Contract, run_date: date) -> str:
    """Where in a landing zone the files of a contract and run date arrive."""
    return f"{contract.source}/{contract.entity}/run_date={run_date:%Y-%m-%d}"


def folder(landing: Path, contract: Contract, run_date: date) -> Path:
    """The same on a disk."""
    return landing / part(contract, run_date)


def find(settings: Settings, contract: Contract, run_date: date) -> Delivery:
    """The delivery of a contract and run date. Files that begin with a dot or underscore are not part of it.

    Records of a topic were written to the disk before, see `topic.land`. Raises AlluviumError when nothing
    came and the contract does not say `optional`.
    """
    if settings.landing_s3_url and contract.files.format != "kafka":
        place = f"{settings.landing_s3_url.rstrip('/')}/{part(contract, run_date)}/"
        found = store.in_bucket(place, settings.landing_s3_endpoint_url)
    else:
        place = str(folder(settings.landing, contract, run_date))
        found = store.on_this_disk(Path(place))
    if not found and not contract.optional:
        raise AlluviumError(
            f"Nothing was delivered for {contract.label} on {run_date}",
            where=place,
            do="Land the files, or say `optional: true` in the contract if it may stay away",
        )
    return Delivery(contract, run_date, tuple(found))
