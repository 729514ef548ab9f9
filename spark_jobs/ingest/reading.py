"""From files to rows of text with their hashes and keys: the part of ingest that runs in Python on workers.

Python, because Spark's readers fail a job for one damaged file, lose rows without a word in others, take
broken quotes and repeated JSON fields for good, and because the key may not stand in a plan. It is the one
pass over the input; everything after it is Spark SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from alluvium.privacy import keys, tc_string
from spark_jobs.ingest import reasons
from spark_jobs.ingest.csv_rows import csv_columns, csv_rows
from spark_jobs.ingest.exploding import exploded
from spark_jobs.ingest.json_rows import avro_records, json_columns, parquet_records, record_rows
from spark_jobs.ingest.opening import UnreadableFileError, line_blocks, read_through
from spark_jobs.ingest.recipe import Recipe
from spark_jobs.ingest.rows import RawRows, text_rows
from spark_jobs.ingest.store import fetched

_BETWEEN = "\x1f"


def canonical(columns: list[pa.Array], names: list[str]) -> pa.Array:
    """One text per row that is equal for equal rows: `name=value` of every value that is there.

    Independent of the order of columns in the file, and unchanged when a contract gains an optional column.
    A separator within a value is doubled; no name begins with one, so two rows never share a text.
    """
    pairs = []
    for name, column in zip(names, columns, strict=True):
        if pc.any(pc.match_substring(column, _BETWEEN)).as_py():
            column = pc.replace_substring(column, _BETWEEN, _BETWEEN * 2)
        pairs.append(pc.binary_join_element_wise(f"{name}=", column, ""))
    # Begins with a constant: Arrow drops a row of which every part is skipped.
    return pc.binary_join_element_wise("", *pairs, _BETWEEN, null_handling="skip")


def _keys_of(columns: dict[str, pa.Array], recipe: Recipe, secret: bytes) -> dict[str, pa.Array]:
    found = {}
    for name, kind in recipe.identifiers:
        make_key = partial(keys.identifier_key, kind, region=recipe.region, secret=secret)
        found[f"{name}_key"] = keys.key_column(columns[name], make_key)
    if recipe.record:
        make_key = partial(keys.record_key, recipe.source, secret=secret)
        found["record_key"] = keys.key_column(columns[recipe.record], make_key)
    return with_erasures(found, recipe, secret) if recipe.erasures.times else found


def with_erasures(found: dict[str, pa.Array], recipe: Recipe, secret: bytes) -> dict[str, pa.Array]:
    """The keys with `_erased_at` beside them, record keys those of today's generation."""
    columns = [column.to_pylist() for column in found.values()]
    erased = [recipe.erasures.last_of(secret, row) for row in zip(*columns, strict=True)]
    times = pa.array([at and round(at.timestamp() * 1_000_000) for at in erased], pa.int64())
    changed = {"_erased_at": times}
    if recipe.record:
        today = partial(recipe.erasures.key_of_today, secret)
        changed["record_key"] = keys.key_column(found["record_key"], today)
    return found | changed


def _batch(
    file: str, rows: RawRows, recipe: Recipe, hashes: pa.Array, found: dict[str, pa.Array]
) -> pa.RecordBatch:
    count = len(rows.texts)

    def constant(value: str | None) -> pa.Array:
        return pa.array([value], pa.string()).take(pa.array([0] * count, pa.int32()))

    envelope = {
        "_source_file": constant(file),
        "_row_number": pa.array(rows.numbers, pa.int64()),
        "_raw": pa.array(rows.texts, pa.string()),
        "_header": constant(rows.header),
        "_problem": constant(rows.problem),
        "_row_hash": hashes,
    }
    known = {**envelope, **found}
    arrays = [known.get(field.name, pa.nulls(count, field.type)) for field in recipe.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=recipe.schema)


def _good(file: str, rows: RawRows, columns: list[pa.Array], recipe: Recipe, secret: bytes) -> pa.RecordBatch:
    by_name = dict(zip(recipe.names, columns, strict=True))
    hashes = keys.hash_column(secret, canonical(columns, recipe.names))
    decoded = {name: tc_string.choices_column(by_name[name]) for name in recipe.decoded}
    found = {**by_name, **decoded, **_keys_of(by_name, recipe, secret)}
    return _batch(file, rows, recipe, hashes, found)


def _bad(file: str, rows: RawRows, recipe: Recipe, secret: bytes) -> pa.RecordBatch:
    """Rows without fields: hashed by their text, marked so that they never equal a row with fields."""
    texts = [f"{_BETWEEN}{_BETWEEN}{rows.problem}{_BETWEEN}{text}" for text in rows.texts]
    return _batch(file, rows, recipe, keys.hash_column(secret, pa.array(texts, pa.string())), {})


def parsed(file: str, rows: RawRows, recipe: Recipe, secret: bytes) -> Iterator[pa.RecordBatch]:
    """Raw rows as batches of the recipe's schema, the bad ones with their problem."""
    if rows.problem:
        yield _bad(file, rows, recipe, secret)
        return
    read = csv_columns if recipe.format == "csv" else json_columns
    good, columns, others = read(rows, recipe)
    yield _good(file, good, columns, recipe, secret)
    for bad in others:
        if bad.texts:
            yield _bad(file, bad, recipe, secret)


def raw_rows(path: Path, recipe: Recipe) -> Iterator[RawRows]:
    """The rows of one file. Raises UnreadableFileError before the first row, never after it."""
    if recipe.format == "avro":
        read_through(avro_records(path))
        return record_rows(avro_records(path))
    if recipe.format == "parquet":
        read_through(parquet_records(path))
        return record_rows(parquet_records(path))
    read_through(line_blocks(path))
    if recipe.format == "csv":
        read_through([next(csv_rows(path, recipe), None)])
        return csv_rows(path, recipe)
    return exploded(text_rows(path), recipe.explode) if recipe.explode else text_rows(path)


def read_file(path: Path, recipe: Recipe, secret: bytes) -> Iterator[pa.RecordBatch]:
    """All rows of one file. A file that cannot be opened is one row with its name."""
    try:
        blocks = raw_rows(path, recipe)
    except UnreadableFileError as error:
        text = f"{path.name} ({error})"
        blocks = iter([RawRows([None], [text], reasons.UNREADABLE_FILE)])
    for rows in blocks:
        if rows.texts:
            yield from parsed(path.name, rows, recipe, secret)


def read_files(landed: Iterator[pa.RecordBatch], recipe: Recipe) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: files by `url` and `tag` in, their rows out."""
    secret = keys.load_secret(recipe.key_file)
    for batch in landed:
        for file in batch.to_pylist():
            with fetched(file["url"], file["tag"], recipe.s3_endpoint_url) as path:
                yield from read_file(path, recipe, secret)


def read_again(quarantined: Iterator[pa.RecordBatch], recipe: Recipe) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: rows of the quarantine in, the same rows under the recipe out.

    `problem` is the reason for those of which only a text was kept, which no contract can mend.
    """
    secret = keys.load_secret(recipe.key_file)
    alike = itemgetter("source_file", "header", "problem")
    for batch in quarantined:
        rows = sorted(batch.to_pylist(), key=lambda row: [value or "" for value in alike(row)])
        for (file, header, problem), group in groupby(rows, key=alike):
            numbers, texts = zip(*((row["row_number"], row["raw_payload"]) for row in group), strict=True)
            yield from parsed(file, RawRows(list(numbers), list(texts), problem, header), recipe, secret)
