"""Ledgers: what ran, what was checked, who looked."""

from __future__ import annotations

from alluvium.table import Table

OPS_RUNS = Table(
    schema="ops",
    name="runs",
    comment="How each job and night went, one row per run.",
    key=("run_id",),
    columns={
        "run_id": ("string", "Random id of the run"),
        "job": ("string", "Name of the job; `night` for a finished night"),
        "run_date": ("date", "The run date it was given"),
        "status": ("string", "succeeded or failed"),
        "started_at": ("timestamp", "Start, UTC"),
        "finished_at": ("timestamp", "End, UTC"),
        "seconds": ("double", "Duration in seconds"),
        "counts": ("string", "What the job counted, as a JSON object"),
        "error": ("string", "First line of the error, without values of rows"),
        "table_versions": ("string", "For a night: version of every table at its end, as a JSON object"),
    },
    retention_days=400,
)

OPS_MODEL_BUILDS = Table(
    schema="ops",
    name="model_builds",
    comment="How long each model of the warehouse took, one row per model and build.",
    key=("built_at", "model"),
    columns={
        "run_date": ("date", "The night that was built"),
        "built_at": ("timestamp", "End of the build, UTC"),
        "model": ("string", "Model or snapshot of dbt"),
        "seconds": ("double", "Duration in seconds, while up to three others were built beside it"),
        "cost": ("string", "What it has to read and write, in words"),
    },
    retention_days=400,
)

OPS_CHECKS = Table(
    schema="ops",
    name="checks",
    comment="What each gate saw, one row per run date, check and evaluation.",
    key=("run_date", "suite", "check_name", "checked_at"),
    columns={
        "run_date": ("date", "The run date that was checked"),
        "suite": ("string", "The border between layers, such as bronze or gold"),
        "check_name": ("string", "What was expected"),
        "table_name": ("string", "The table that was looked at"),
        "severity": ("string", "stop or warn"),
        "status": ("string", "passed, failed or not_enough_history"),
        "observed": ("string", "The figure that was seen; never a row's value"),
        "details": ("string", "The bounds, and what to do"),
        "checked_at": ("timestamp", "When, UTC"),
    },
    retention_days=400,
)

OPS_DELIVERED_DAYS = Table(
    schema="ops",
    name="delivered_days",
    comment="What bronze holds by day of events, for bounds that history teaches, "
    "one row per source, entity, run date and day.",
    key=("source", "entity", "run_date", "event_on"),
    columns={
        "source": ("string", "The source"),
        "entity": ("string", "What the source delivered"),
        "run_date": ("date", "The run date of the delivery"),
        "event_on": ("date", "Local day of the events; the run date itself for a delivery without a row"),
        "row_count": ("bigint", "Rows of that day in the delivery"),
        "figures": ("string", "Rows by what was counted, such as an empty column, as a JSON object"),
        "counted_from": ("string", "Hash of the batch and contract that it was counted from"),
    },
    retention_days=400,
)

OPS_ERASURES = Table(
    schema="ops",
    name="erasures",
    comment="Records that were erased, without saying whose, one row per token and request.",
    key=("token", "request_id"),
    columns={
        "token": ("string", "Keyed hash of a record key or an identifier key"),
        "erased_at": ("timestamp", "Rows with an event time up to it are suppressed for ever, UTC"),
        "request_id": ("string", "The erasure"),
    },
)

OPS_LEGAL_HOLDS = Table(
    schema="ops",
    name="legal_holds",
    comment="What must not be removed for now, one row per hold and act.",
    key=("hold_id", "act"),
    columns={
        "hold_id": ("string", "Random id of the hold"),
        "act": ("string", "placed or released"),
        "scope": ("string", "A class of data, a table, or customer:<customer_id>"),
        "reason": ("string", "Why, as given"),
        "acted_at": ("timestamp", "When, UTC"),
    },
)

OPS_AUDIT = Table(
    schema="ops",
    name="audit",
    comment="Who did something that needs a witness, one row per act.",
    key=("audit_id",),
    columns={
        "audit_id": ("string", "Random id of the act"),
        "acted_at": ("timestamp", "When, UTC"),
        "actor": ("string", "Operating system user"),
        "action": ("string", "What was done, such as sql.with_pii or audience.approve"),
        "subject": ("string", "What it was done to; a name or a key, never personal data"),
        "reason": ("string", "Why, as given; of a certificate its text"),
        "sequence": ("bigint", "Place in the chain, from 1; null for acts of before there was one"),
        "previous_hash": (
            "string",
            "row_hash of the act before; of the first, a hash of all before the chain",
        ),
        "row_hash": ("string", "SHA-256 of this act with its place and previous_hash"),
    },
    retention_days=3650,
)
