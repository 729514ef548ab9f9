"""What a worker must know of a contract to read its files: plain values, and where the key lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from alluvium.contracts.contract import Contract
from alluvium.privacy.erasures import NOBODY, Erasures

# What every delivered row carries besides the contract's columns, in this order.
ENVELOPE = {
    "_source_file": pa.string(),
    "_row_number": pa.int64(),
    "_raw": pa.string(),
    "_header": pa.string(),
    "_problem": pa.string(),
    "_row_hash": pa.string(),
    "_erased_at": pa.int64(),  # When whom the row is about was erased: microseconds since 1970, UTC.
}


@dataclass(frozen=True)
class Recipe:
    """How to read one contract's rows. `key_file` is a path; the key itself stays on the workers' disk."""

    source: str
    format: str
    has_header: bool
    delimiter: str
    paths: tuple[tuple[str, str], ...]
    record: str | None
    identifiers: tuple[tuple[str, str], ...]
    region: str
    key_file: str
    explode: str | None = None
    s3_endpoint_url: str | None = None
    decoded: tuple[str, ...] = ()  # Columns that come as a TC string.
    erasures: Erasures = NOBODY  # Tokens, which may stand in a plan; up to some 100,000 of them.

    @property
    def names(self) -> list[str]:
        """The contract's columns, all delivered as text."""
        return [name for name, _ in self.paths]

    @property
    def key_names(self) -> list[str]:
        """The key columns that are added: one per identifier, and the record's."""
        return [f"{name}_key" for name, _ in self.identifiers] + (["record_key"] if self.record else [])

    @property
    def schema(self) -> pa.Schema:
        """Grain: one row per delivered row."""
        texts = dict.fromkeys([*self.key_names, *self.names], pa.string())
        return pa.schema({**ENVELOPE, **texts})

    @property
    def ddl(self) -> str:
        """The schema as Spark writes it."""
        kinds = {pa.int64(): "bigint", pa.string(): "string"}
        return ", ".join(f"`{field.name}` {kinds[field.type]}" for field in self.schema)


def recipe_of(
    contract: Contract,
    key_file: Path,
    erasures: Erasures | None = None,
    s3_endpoint_url: str | None = None,
) -> Recipe:
    """The recipe of a contract; `erasures` are those of the lake, the endpoint that of the landing zone."""
    kind = contract.files.format
    return Recipe(
        source=contract.source,
        format="json" if kind == "kafka" else kind,
        has_header=contract.files.header,
        delimiter=contract.files.delimiter,
        paths=tuple((name, column.path or name) for name, column in contract.columns.items()),
        record=contract.record,
        identifiers=tuple(contract.identifiers.items()),
        region=contract.default_region,
        key_file=str(key_file),
        explode=contract.files.explode,
        s3_endpoint_url=s3_endpoint_url,
        decoded=tuple(name for name, column in contract.columns.items() if column.decode),
        erasures=erasures or NOBODY,
    )
