"""Tables of the ingest room, and the shape that each contract gives to bronze, silver and the pii twin."""

from __future__ import annotations

from alluvium.contracts.contract import Column, Contract
from alluvium.table import Table

_KEY_TYPE = "string"
_RUN_DATE = ("date", "Run date: the day of arrival")
_ROW_HASH = ("string", "HMAC of the row as delivered; joins bronze, silver and the pii twin")
_RECORD_KEY = ("string", "Surrogate key of the record: HMAC of source and record id; null without one")

# Reasons of rows that are not bad: their person refused, or was erased.
SUPPRESSED_REASONS = ("no_consent", "erased")

OPS_BATCHES = Table(
    "ops",
    "batches",
    "What became of each delivery: read = accepted + quarantined + duplicate, "
    "one row per source, entity and run date.",
    key=("source", "entity", "run_date"),
    columns={
        "source": ("string", "The source"),
        "entity": ("string", "What the source delivered"),
        "run_date": _RUN_DATE,
        "rows_read": ("bigint", "Rows in the files; a file that cannot be opened is one row"),
        "rows_accepted": ("bigint", "Rows in bronze"),
        "rows_quarantined": ("bigint", "Rows not accepted now: open, discarded or suppressed"),
        "rows_suppressed": ("bigint", "Of the quarantined: without consent, or of somebody who was erased"),
        "rows_duplicate": ("bigint", "Further rows with a payload that the batch already has"),
        "rows_conflicting": ("bigint", "Accepted rows that share a key with another payload of the batch"),
        "status": ("string", "loaded, refused (too many bad rows) or empty"),
        "reasons": ("string", "Quarantined rows by reason, as a JSON object"),
        "is_initial": ("boolean", "Whether it is a first load, without a limit on lateness"),
        "file_count": ("bigint", "Files delivered"),
        "byte_count": ("bigint", "Bytes delivered, as compressed"),
        "new_columns": ("string", "Columns that the contract does not know, as a JSON list"),
        "contract_version": ("string", "Hash of the contract that judged the rows"),
        "fingerprint": ("string", "Hash of the names and bytes of the files"),
        "seconds": ("double", "Time that the load took"),
    },
    retention_days=1100,
)

PII_RECORD_KEYS = Table(
    "pii",
    "record_keys",
    "Which record id stands behind a record key, one row per source and record id.",
    key=("source", "source_id"),
    columns={
        "source": ("string", "Source that holds the record"),
        "source_id": ("string", "Id of the record there, as delivered"),
        "record_key": _RECORD_KEY,
    },
    holds_pii=True,
    unindexed=("source_id",),
)

PII_QUARANTINE = Table(
    "pii",
    "quarantine",
    "Rows that were not accepted, with every reason, one row per source, entity, run date and row hash.",
    key=("source", "entity", "run_date", "_row_hash"),
    columns={
        "source": ("string", "The source"),
        "entity": ("string", "What the source delivered"),
        "run_date": _RUN_DATE,
        "source_file": ("string", "File that the row came in"),
        "row_number": ("bigint", "Number of the row in the file, from 1; null for a whole file"),
        "raw_payload": ("string", "The row as delivered; Avro and Parquet as JSON"),
        "header": ("string", "Header line of the row's CSV file"),
        "reasons": ("array<string>", "Every reason against the row"),
        "contract_version": ("string", "Hash of the contract that judged the row last"),
        "status": ("string", "open, replayed, discarded, or suppressed (of somebody erased; no payload)"),
        "record_key": _RECORD_KEY,
        "_row_hash": ("string", "HMAC of the row as delivered"),
        "quarantined_on": ("date", "Run date of the judgement"),
    },
    partition_by=("run_date", "source", "entity"),
    holds_pii=True,
    unindexed=("run_date", "source", "entity", "raw_payload", "header", "source_file", "reasons"),
)


def _comment(name: str, column: Column) -> str:
    return column.comment or name.replace("_", " ").capitalize()


def _key_columns(contract: Contract) -> dict[str, tuple[str, str]]:
    keys = {
        f"{name}_key": (
            _KEY_TYPE,
            f"HMAC of the {kind.replace('_', ' ')}: {_comment(name, contract.columns[name])}",
        )
        for name, kind in contract.identifiers.items()
    }
    return {**keys, "record_key": _RECORD_KEY} if contract.record else keys


def _open_columns(contract: Contract) -> dict[str, tuple[str, str]]:
    """What bronze and silver share: nothing in it names a person."""
    delivered = {
        name: (column.type, _comment(name, column))
        for name, column in contract.columns.items()
        if not column.is_raw_kept_apart
    }
    return {
        **delivered,
        **_key_columns(contract),
        "_run_date": _RUN_DATE,
        "_source_file": ("string", "File that the row came in"),
        "_row_hash": _ROW_HASH,
    }


def _unindexed(contract: Contract, columns: dict[str, tuple[str, str]]) -> tuple[str, ...]:
    """Statistics are kept for what is filtered: key, order and event time. A partition column needs none."""
    indexed = {*contract.silver_key, *contract.newest, contract.event_time}
    return tuple(name for name in columns if name not in indexed)


def bronze(contract: Contract) -> Table:
    """Every accepted row of the contract's source."""
    columns = _open_columns(contract)
    return Table(
        "bronze",
        contract.name,
        f"{contract.description.rstrip('.')}. As delivered, one row per accepted row.",
        key=("_run_date", "_row_hash"),
        columns=columns,
        partition_by=("_run_date",),
        unindexed=_unindexed(contract, columns),
        kept_when_erased=contract.keep_when_erased,
    )


def silver(contract: Contract) -> Table:
    """The current truth of the contract's source."""
    columns = _open_columns(contract)
    if contract.full_snapshot:
        columns["_closed_on"] = (
            "date",
            "Run date of the first snapshot without the key; null while it is in",
        )
    return Table(
        "silver",
        contract.name,
        f"{contract.description.rstrip('.')}. Newest version, one row per {', '.join(contract.silver_key)}.",
        key=contract.silver_key,
        columns=columns,
        unindexed=tuple(name for name in _unindexed(contract, columns) if name != "_run_date"),
        kept_when_erased=contract.keep_when_erased,
    )


def pii_twin(contract: Contract) -> Table | None:
    """The raw personal values of the contract's bronze rows; None when it has none."""
    if not contract.has_pii:
        return None
    raw = {
        name: (column.type, _comment(name, column))
        for name, column in contract.columns.items()
        if column.is_raw_kept_apart
    }
    record = {"record_key": _RECORD_KEY} if contract.record else {}
    return Table(
        "pii",
        contract.name,
        f"Personal values of bronze.{contract.name}, one row per accepted row.",
        key=("_run_date", "_row_hash"),
        columns={"_run_date": _RUN_DATE, "_row_hash": _ROW_HASH, **record, **raw},
        partition_by=("_run_date",),
        holds_pii=True,
        unindexed=("_run_date", *raw),
    )


def tables_of(contract: Contract) -> list[Table]:
    """All tables that the contract gives rise to."""
    twin = pii_twin(contract)
    return [bronze(contract), silver(contract), *([twin] if twin else [])]
