"""Read a table of records, Parquet or CSV, as text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from alluvium.errors import AlluviumError, UsageError
from spark_jobs.identity.engine import delimited
from spark_jobs.identity.engine.columns import Mapping, check

PARQUET, CSV = (".parquet", ".pq"), (".csv", ".csv.gz", ".tsv", ".txt")
_ID = "__id__"  # apart from every column that a table may have


def _form(path: Path, mapping: Mapping, encoding: str | None) -> delimited.Form | None:
    """How a text file is written; None for Parquet."""
    name = path.name.lower()
    if name.endswith(PARQUET) or path.is_dir():
        return None
    if name.endswith(CSV):
        return delimited.form(path, (mapping.id, *mapping.columns), encoding)
    raise UsageError("The input is neither Parquet nor CSV", where=str(path))


def _as_text(name: str, kind: pl.DataType, where: str) -> pl.Expr:
    if kind.is_nested() or kind == pl.Binary:
        raise UsageError(f"The column {name!r} holds {kind}, not single values", where=where)
    if kind.is_float():
        # 1980.0 stands for 1980: a column of whole numbers with gaps is often stored like that.
        whole = pl.col(name) == pl.col(name).round()
        as_whole = pl.col(name).cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(whole).then(as_whole).otherwise(pl.col(name).cast(pl.String)).alias(name)
    return pl.col(name).cast(pl.String)


def _as_numbers(ids: pl.Series) -> pl.Series:
    """Ids of a text file as numbers when that loses nothing: `007` stays text."""
    is_number = ids.dtype == pl.String and ids.len() > 0 and ids.str.contains(r"^(0|[1-9]\d{0,17})$").all()
    return ids.cast(pl.Int64) if is_number else ids


def _check_ids(ids: pl.Series, where: str) -> None:
    if ids.is_empty():
        raise AlluviumError("The input has no records", where=where)
    if ids.null_count():
        raise AlluviumError(f"{ids.null_count()} records have no id", where=f"{where}, column {ids.name!r}")
    if (count := ids.len() - ids.n_unique()) > 0:
        raise AlluviumError(
            f"The id is not unique: {count} records have the id of another one",
            where=f"{where}, column {ids.name!r}",
        )


@dataclass(frozen=True)
class Table:
    """The ids as they are, the columns that have a role as text, row by row; the encoding of a text file."""

    ids: pl.Series
    rows: pl.DataFrame
    encoding: str | None


def _selected(scan: pl.LazyFrame, mapping: Mapping, where: str) -> pl.DataFrame:
    schema = scan.collect_schema()
    check(mapping, schema.names(), where)
    texts = [_as_text(name, schema[name], where) for name in mapping.columns]
    return scan.select(pl.col(mapping.id).alias(_ID), *texts).collect()


def _rows(path: Path, mapping: Mapping, how: delimited.Form | None) -> pl.DataFrame:
    where = str(path)
    if how is None:
        scan = pl.scan_parquet(path / "**/*.parquet" if path.is_dir() else path)
        return _selected(scan, mapping, where)
    try:
        return _selected(delimited.scan(path, how), mapping, where)
    except pl.exceptions.NoDataError:
        raise
    except pl.exceptions.PolarsError:
        return _selected(delimited.slowly(path, how).lazy(), mapping, where)


def read(path: Path, mapping: Mapping, encoding: str | None = None) -> Table:
    """Read the table in the order of the file.

    Raises UsageError for a missing file or column, AlluviumError for no records or ids that are not unique.
    """
    where = str(path)
    if not path.exists():
        raise UsageError("There is no such input", where=where)
    try:
        how = _form(path, mapping, encoding)
        rows = _rows(path, mapping, how)
    except pl.exceptions.NoDataError:
        raise AlluviumError("The input is empty", where=where) from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError, csv.Error) as error:
        # The library's message may quote a value of the file.
        raise AlluviumError(f"The input cannot be read: {type(error).__name__}", where=where) from None
    ids = _as_numbers(rows[_ID].rename(mapping.id))
    _check_ids(ids, where)
    return Table(ids, rows.drop(_ID), how.encoding if how else None)
