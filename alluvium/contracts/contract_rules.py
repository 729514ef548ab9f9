"""What is wrong with a contract across its fields, and across contracts: where, and what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from alluvium.contracts.contract_sql import RUN_COLUMNS, check_mistake

if TYPE_CHECKING:
    from alluvium.contracts.contract import Column, Contract, Reference

Mistake = tuple[tuple[str | int, ...], str]
NAME = r"^[a-z][a-z0-9_]*$"
RESERVED = frozenset({"record_key", *RUN_COLUMNS})
RANGED = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "date")


def contradictions(contract: Contract) -> Iterable[Mistake]:
    """What is wrong within one contract."""
    columns = contract.columns
    for name, column in columns.items():
        yield from ((("columns", name), mistake) for mistake in _column_mistakes(name, column, columns))
    for field in ("key", "newest"):
        for place, name in enumerate(getattr(contract, field)):
            if name not in columns:
                yield (field, place), f"{name!r} is not among the columns"
            elif field == "key" and not columns[name].required:
                yield (field, place), f"{name!r} is part of the key and must be `required: true`"
            elif field == "newest" and columns[name].is_raw_kept_apart:
                yield (field, place), f"{name!r} is personal: silver cannot order by it"
    yield from _record_mistakes(contract)
    yield from _file_mistakes(contract)
    types = {name: column.type for name, column in columns.items()}
    for check, expression in contract.checks.items():
        if mistake := check_mistake(expression, types):
            yield ("checks", check), mistake
    for field in ("keep_when_erased", "suppress_when"):
        condition = getattr(contract, field)
        if condition and (mistake := check_mistake(condition, types)):
            yield (field,), mistake


def _column_mistakes(name: str, column: Column, columns: dict[str, Column]) -> Iterable[str]:
    if not re.match(NAME, name):
        yield f"{name!r} must be lower case letters, digits and underscores"
    if name in RESERVED or (name.endswith("_key") and name.removesuffix("_key") in columns):
        yield f"{name!r} is a name that Alluvium adds by itself"
    if column.type == "timestamp" and column.time_zone is None:
        yield f"{name!r} needs a `time_zone`: the zone of times that carry none"
    if column.time_zone and column.type != "timestamp":
        yield f"{name!r} has a `time_zone` but is no timestamp"
    if (column.allowed or column.pattern or column.identifier) and column.type != "string":
        yield f"{name!r}: `allowed`, `pattern` and `identifier` need `type: string`"
    if column.decode and column.type != "map<string,boolean>":
        yield f"{name!r}: `decode` makes a `map<string,boolean>`"
    yield from _range_mistakes(name, column)


def _range_mistakes(name: str, column: Column) -> Iterable[str]:
    bounds = [bound for bound in (column.min, column.max) if bound is not None]
    if not bounds:
        return
    kinds = {isinstance(bound, int | float) for bound in bounds}
    if not column.type.startswith(RANGED) or kinds != {column.type != "date"}:
        yield f"{name!r}: `min` and `max` need a number or a date, and bounds of that type"
    elif len(bounds) == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]
        yield f"{name!r}: `min` is above `max`"


def _file_mistakes(contract: Contract) -> Iterable[Mistake]:
    files = contract.files
    if files.explode and files.format not in {"json", "kafka"}:
        yield ("files", "explode"), "`explode` needs `format: json` or `format: kafka`"
    if (files.format == "kafka") != (files.topic is not None):
        yield ("files",), "`format: kafka` and `topic` belong together"
    if files.until != "now" and files.format != "kafka":
        yield ("files", "until"), "`until` needs `format: kafka`"


def _record_mistakes(contract: Contract) -> Iterable[Mistake]:
    columns = contract.columns
    if contract.record and (contract.record not in columns or not columns[contract.record].identifier):
        yield ("record",), f"{contract.record!r} must be a column with an `identifier`"
    if contract.event_time and (
        contract.event_time not in columns or columns[contract.event_time].type not in {"timestamp", "date"}
    ):
        yield ("event_time",), f"{contract.event_time!r} must be a timestamp or date column"
    elif contract.key_repeats_within_days is not None and not (
        contract.event_time and columns[contract.event_time].required
    ):
        yield ("key_repeats_within_days",), "needs an `event_time` whose column is `required: true`"
    if contract.full_snapshot and contract.newest:
        yield ("newest",), "of a `full_snapshot` the latest snapshot is the truth: `newest` must be empty"


def reference_mistakes(contract: Contract, others: Mapping[str, Contract]) -> Iterator[Mistake]:
    """References that lead nowhere, or to values that cannot be compared; `others` by label."""
    for name, reference in contract.references.items():
        if mistake := _reference_mistake(contract, name, reference, others.get(reference.to)):
            yield ("references", name), mistake


def _reference_mistake(
    contract: Contract, name: str, reference: Reference, other: Contract | None
) -> str | None:
    if name not in contract.columns:
        return f"{name!r} is not among the columns"
    if other is None:
        return f"there is no contract for {reference.to} that can be used"
    if other.label == contract.label:
        return "a contract cannot refer to itself"
    if reference.column not in other.columns:
        return f"{reference.to} has no column {reference.column!r}"
    mine, theirs = contract.columns[name], other.columns[reference.column]
    if mine.identifier != theirs.identifier or mine.type != theirs.type:
        return f"{name!r} and {reference.column!r} of {reference.to} differ in type or identifier"
    if mine.pii and not mine.identifier:
        return f"{name!r} is personal and no identifier: silver has nothing to compare it with"
    return None
