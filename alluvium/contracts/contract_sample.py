"""The beginning of a file that a contract is to be written for: its columns and what stands in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from alluvium.errors import AlluviumError, UsageError

Format = Literal["csv", "json", "avro", "parquet"]
FORMATS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".avro": "avro", ".parquet": "parquet",
}  # fmt: skip
COMPRESSED = {".gz", ".zst"}
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Sample:
    """The first rows of a file that can be read, and how many lines could not be.

    `columns` maps each path, dotted where nested, to its values, row by row.
    """

    format: Format
    delimiter: str
    rows: int
    unreadable: int
    columns: Mapping[str, list[Any]]


def take(file: Path, rows: int) -> Sample:
    """The first `rows` rows of a CSV, JSON lines, Avro or Parquet file, plain or compressed.

    Raises UsageError for a file that is not there or of no known kind, AlluviumError for one that holds no
    row or cannot be read, naming the line where there is one.
    """
    format_ = _format(file)
    try:
        delimiter, records = _OPEN[format_](file)
        seen = list(islice(records, rows))
    except (OSError, EOFError, ValueError, csv.Error, pa.ArrowException) as error:
        raise AlluviumError(f"It cannot be read as {format_}: {_reason(error)}", where=str(file)) from None
    kept = [_flat(record) for record in seen if isinstance(record, Mapping)]
    if not kept:
        raise AlluviumError("There is no row in it", where=str(file), do="Take a file with some rows")
    return Sample(format_, delimiter, len(kept), len(seen) - len(kept), _by_path(kept))


def _by_path(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    paths = list(dict.fromkeys(path for record in records for path in record))
    columns = {path: [record.get(path) for record in records] for path in paths}
    # An object that is null in some rows is there as its parts.
    above = {path.rpartition(".")[0] for path in paths}
    return {path: values for path, values in columns.items() if path not in above}


def _format(file: Path) -> Format:
    if not file.is_file():
        raise UsageError("There is no such file", where=str(file))
    endings = [ending for ending in file.suffixes if ending not in COMPRESSED]
    if not endings or endings[-1] not in FORMATS:
        raise UsageError(
            "Its name does not say what it is",
            where=str(file),
            do="It ends in .csv, .jsonl, .avro or .parquet",
        )
    return FORMATS[endings[-1]]


def _reason(error: Exception) -> str:
    # The message of a decoder may quote what it could not read; its first words say what is wrong.
    return str(error).split(":")[0].split("'")[0].strip()[:120] or type(error).__name__


def _lines(file: Path) -> io.TextIOWrapper:
    compression = "detect" if file.suffix in COMPRESSED else None
    return io.TextIOWrapper(pa.input_stream(str(file), compression=compression), "utf-8-sig", newline="")


def _csv(file: Path) -> tuple[str, Iterable[Mapping[str, Any]]]:
    with _lines(file) as opened:
        header = opened.readline()
    delimiter = max(DELIMITERS, key=header.count)
    return delimiter, csv.DictReader(_lines(file), delimiter=delimiter, restkey="_more")


def _json(file: Path) -> tuple[str, Iterator[Mapping[str, Any]]]:
    return ",", (_object(line) for line in _lines(file) if line.strip())


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None  # Counted as unreadable: a sample from the field has broken lines.


def _avro(file: Path) -> tuple[str, Iterator[Any]]:
    import fastavro

    def records() -> Iterator[Any]:
        with file.open("rb") as opened:
            yield from fastavro.reader(opened)

    return ",", records()


def _parquet(file: Path) -> tuple[str, Iterator[Any]]:
    import pyarrow.parquet as pq

    def records() -> Iterator[Any]:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=1000):
            yield from batch.to_pylist()

    return ",", records()


_OPEN = {"csv": _csv, "json": _json, "avro": _avro, "parquet": _parquet}


def _flat(record: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects as dotted paths; lists stay values."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        path = f"{above}{name}"
        flat |= _flat(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return flat
