"""One pass over the rows of a batch: types, and every reason against each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alluvium.contracts.contract import Column, Contract
from alluvium.contracts.contract_sql import RUN_COLUMNS, columns_in, tolerant
from spark_jobs.ingest import reasons, references
from spark_jobs.ingest.recipe import ENVELOPE
from spark_jobs.ingest.typing_rules import is_blank, is_no_such_time, text_of, typed

Reason = tuple[str, SparkColumn]
_BETWEEN = "\x1f"  # In no reason code.


@dataclass(frozen=True)
class Judgement:
    """What rows are judged by besides their contract."""

    run_date: date
    run_date_end: datetime  # UTC
    is_initial: bool = False  # A first load has no limit on lateness.
    has_erasures: bool = False  # Whether anybody was ever erased from this lake.


def _key_columns(contract: Contract) -> list[str]:
    return [f"{name}_key" for name in contract.identifiers] + (["record_key"] if contract.record else [])


def with_types(delivered: DataFrame, contract: Contract) -> DataFrame:
    """The contract's columns typed, the texts of those that were not text beside them as `_text_<name>`."""
    texts = [F.col(name).alias(f"_text_{name}") for name, c in contract.columns.items() if c.type != "string"]
    values = [typed(F.col(name), column).alias(name) for name, column in contract.columns.items()]
    return delivered.select(*ENVELOPE, *_key_columns(contract), *texts, *values)


def _column_reasons(name: str, column: Column, contract: Contract) -> Iterator[Reason]:
    value = F.col(name)
    is_text = column.type == "string"
    blank = is_blank(value) if is_text else is_blank(text_of(name))
    if column.required:
        names_nobody = (
            F.col(f"{name}_key").isNull() if name in contract.key and column.identifier else F.lit(False)
        )
        yield reasons.missing(name), blank | names_nobody
    if not is_text:
        yield reasons.wrong_type(name), ~blank & value.isNull()
        gap = is_no_such_time(text_of(name), column)
        if gap is not None:
            yield reasons.no_such_time(name), gap
    if column.allowed is not None:
        yield reasons.not_allowed(name), ~value.isin(*column.allowed)
    if column.pattern is not None:
        yield reasons.not_allowed(name), ~value.rlike(column.pattern)
    if column.min is not None:
        yield reasons.out_of_range(name), value < F.lit(column.min)
    if column.max is not None:
        yield reasons.out_of_range(name), value > F.lit(column.max)


def _lateness(contract: Contract, by: Judgement) -> Iterator[Reason]:
    name = contract.event_time
    if name is None:
        return
    if not by.is_initial:
        oldest = by.run_date_end - timedelta(days=contract.max_days_late + 1)
        yield reasons.too_late(name), F.col(name) < F.lit(oldest)
    if not any(_bounds_by_run_date(check, name) for check in contract.checks.values()):
        is_day = contract.columns[name].type == "date"
        yield (
            reasons.in_future(name),
            F.col(name) > F.lit(by.run_date) if is_day else F.col(name) >= F.lit(by.run_date_end),
        )


def _bounds_by_run_date(check: str, event_time: str) -> bool:
    """Whether a contract says with a check of its own, and a name of its own, what is in the future."""
    columns = columns_in(check)
    return event_time in columns and not columns.isdisjoint(RUN_COLUMNS)


def _all_reasons(contract: Contract, by: Judgement) -> Iterator[Reason]:
    for name, column in contract.columns.items():
        yield from _column_reasons(name, column, contract)
    yield from _lateness(contract, by)
    # Null passes, as in SQL's own CHECK: what must be there says `required`.
    yield from ((name, ~F.expr(tolerant(check))) for name, check in contract.checks.items())


def without_erased(rows: DataFrame, contract: Contract) -> DataFrame:
    """Rows about erased people: an order stays without who it was, any other is only counted.

    A row without a readable event time counts as old.
    """
    happened_at = F.col(contract.event_time or "run_date_end").cast("timestamp")
    is_old = F.coalesce(happened_at <= F.timestamp_micros("_erased_at"), F.lit(True))
    is_erased = F.col("_erased_at").isNotNull() & is_old
    stays = F.coalesce(F.expr(contract.keep_when_erased or "false"), F.lit(False)) & (F.col("_codes") == "")
    raw = [name for name, column in contract.columns.items() if column.is_raw_kept_apart]
    names = [*_key_columns(contract), *raw]
    emptied = {name: F.when(~is_erased, F.col(name)) for name in names}
    codes = F.when(is_erased & ~stays, F.lit(reasons.ERASED)).otherwise(F.col("_codes"))
    return rows.withColumns({"_codes": codes, **emptied})


def without_refused(rows: DataFrame, contract: Contract) -> DataFrame:
    """Rows that say themselves that they may not be used: counted, without a key. See `suppress_when`."""
    assert contract.suppress_when is not None
    says_no = F.coalesce(F.expr(tolerant(contract.suppress_when)), F.lit(False)) & (F.col("_codes") == "")
    emptied = {name: F.when(~says_no, F.col(name)) for name in _key_columns(contract)}
    codes = F.when(says_no, F.lit(reasons.NO_CONSENT)).otherwise(F.col("_codes"))
    return rows.withColumns({"_codes": codes, **emptied})


def _hash_as_delivered() -> SparkColumn:
    """Tells bad rows apart by all that came: what the contract does not know may be what it should know."""
    return F.sha2(F.concat_ws(_BETWEEN, "_row_hash", "_header", "_raw"), 256)


def judge(
    delivered: DataFrame,
    contract: Contract,
    by: Judgement,
    keep_raw: bool = False,
    known: Mapping[str, DataFrame] | None = None,
) -> DataFrame:
    """Typed rows with `_reasons`, empty for a good row.

    The raw text stays with bad rows only, or with all if asked. `delivered` has the columns of
    `recipe.schema`; `known` the values that are there for columns that refer to another table, see
    `references.known`. Grain: one row per delivered row, copies included.
    """
    rows = with_types(delivered, contract)
    rows = rows.withColumns({"run_date": F.lit(by.run_date), "run_date_end": F.lit(by.run_date_end)})
    rows, unknown = references.with_unknown(rows, known or {}, contract)
    all_reasons = [*_all_reasons(contract, by), *unknown]
    # One text, then split: Spark generates code for that; the filter of an array it interprets, row by row.
    found = F.concat_ws(_BETWEEN, *[F.when(bad, F.lit(code)) for code, bad in all_reasons])
    rows = rows.withColumn("_codes", F.coalesce("_problem", found))
    if by.has_erasures:
        rows = without_erased(rows, contract)
    if contract.suppress_when:
        rows = without_refused(rows, contract)
    is_bad_row = F.col("_codes") != ""
    is_wanted = ~F.col("_codes").isin(*reasons.SUPPRESSED)
    is_wanted = is_wanted if keep_raw else is_wanted & is_bad_row
    none = F.array().cast("array<string>")
    return rows.select(
        "_source_file",
        "_row_number",
        F.when(is_wanted, F.col("_raw")).alias("_raw"),
        F.when(is_wanted, F.col("_header")).alias("_header"),
        F.when(is_bad_row, _hash_as_delivered()).otherwise(F.col("_row_hash")).alias("_row_hash"),
        F.when(is_bad_row, F.split("_codes", _BETWEEN)).otherwise(none).alias("_reasons"),
        *_key_columns(contract),
        *contract.columns,
    )


def is_good(rows: DataFrame) -> DataFrame:
    """The rows without a reason against them."""
    return rows.where(F.size("_reasons") == 0)


def is_bad(rows: DataFrame) -> DataFrame:
    """The rows with a reason against them."""
    return rows.where(F.size("_reasons") > 0)
