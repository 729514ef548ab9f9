"""Delivered texts as typed values. A text that is not of its type gives null, never an error: an error
would end the batch and print the value.
"""

from __future__ import annotations

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from alluvium.contracts.contract import Column

# Spark would take `12:30` for today and `2017` for the first of January.
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"
_HAS_ZONE = r"(?i)(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
_WHOLE = r"^[+-]?\d+$"
# A third of a cent is a mistake; a binary fraction that prints as 12.780000000000001 is not.
_ROUNDING = 1e-6


def text_of(name: str) -> SparkColumn:
    """The delivered text of a column that is not text: see `with_types`."""
    return F.col(f"_text_{name}")


def is_blank(text: SparkColumn) -> SparkColumn:
    """No value: null, empty or white space."""
    return text.isNull() | (F.trim(text) == "")


def _if(text: SparkColumn, pattern: str, value: SparkColumn) -> SparkColumn:
    return F.when(text.rlike(pattern), value)


def local_time(text: SparkColumn) -> SparkColumn:
    """A time of day as the clock on the wall showed it, in a session in UTC."""
    return F.to_timestamp(text.try_cast("timestamp_ntz"))


def _timestamp(text: SparkColumn, zone: str) -> SparkColumn:
    in_utc = text.try_cast("timestamp")
    if zone == "UTC":
        return _if(text, _TIME, in_utc)
    local = local_time(text)
    return _if(text, _TIME, F.when(text.rlike(_HAS_ZONE), in_utc).otherwise(F.to_utc_timestamp(local, zone)))


def _decimal(text: SparkColumn, kind: str) -> SparkColumn:
    value = text.try_cast(kind)
    is_exact = F.abs(text.try_cast("double") - value.cast("double")) < _ROUNDING
    whole_part_fits = F.abs(value.cast("double")) < 1e9
    return F.when(is_exact | ~whole_part_fits, value)


def _fraction(text: SparkColumn, kind: str) -> SparkColumn:
    value = text.try_cast(kind)
    return F.when(~F.isnan(value) & (F.abs(value) < float("inf")), value)


def _nested(text: SparkColumn, kind: str) -> SparkColumn:
    """JSON as an array, map or struct; null when any part of it is not of its type."""
    wrapped = F.concat(F.lit('{"v":'), text, F.lit("}"))
    options = {"columnNameOfCorruptRecord": "_corrupt"}
    read = F.from_json(wrapped, f"v {kind}, _corrupt string", options)
    return F.when(read["_corrupt"].isNull(), read["v"])


def typed(text: SparkColumn, column: Column) -> SparkColumn:
    """The value of a text under its contract; null when the text is not of the type."""
    kind, trimmed = column.type, F.trim(text)
    if kind == "string":
        return text
    if kind == "date":
        return _if(trimmed, _DATE, trimmed.try_cast("date"))
    if kind == "timestamp":
        return _timestamp(trimmed, column.time_zone or "UTC")
    if kind.startswith("decimal"):
        return _decimal(trimmed, kind)
    if kind in {"float", "double"}:
        return _fraction(trimmed, kind)
    if kind in {"tinyint", "smallint", "int", "bigint"}:
        return _if(trimmed, _WHOLE, trimmed.try_cast(kind))
    if kind == "boolean":
        return trimmed.try_cast(kind)
    return _nested(text, kind)


def is_no_such_time(text: SparkColumn, column: Column) -> SparkColumn | None:
    """Whether the clocks of the contract's zone skipped this local time; None for a zone without changes."""
    zone = column.time_zone
    if column.type != "timestamp" or zone in {None, "UTC"}:
        return None
    local = local_time(F.trim(text))
    there_and_back = F.from_utc_timestamp(F.to_utc_timestamp(local, str(zone)), str(zone))
    return ~F.trim(text).rlike(_HAS_ZONE) & (there_and_back != local)
