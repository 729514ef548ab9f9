"""Take one file apart into searchable bytes: rows and dictionaries of Parquet, members of archives, tables of
databases, and always the bytes as they lie on the disk.

A file is known by its first bytes, not by its name. What cannot be decoded is said so, and its bytes are
searched all the same.
"""

from __future__ import annotations

import bz2
import html
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

BLOCK_BYTES = 16 * 2**20
MOST_UNPACKED_BYTES = 2 * 2**30
_STEP_BYTES = 2**16
_DEEPEST = 4
_UTF16_MARKS = frozenset((b"\xff\xfe", b"\xfe\xff"))


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file. `column` is set for values of one column, each on a line of its own."""

    place: str
    data: bytes
    is_text: bool = True
    column: str | None = None
    start: int = 0


@dataclass(frozen=True)
class View:
    """What the search needs of the pieces.

    `overlap` is how many bytes two blocks share. `columns`, in lower case, are those of delimited text that
    are looked at by themselves; the text as a whole is searched anyway.
    """

    overlap: int
    columns: frozenset[str] = frozenset()


Reader = Callable[[BinaryIO, str, "View", int, Path | None], Iterator[Piece]]


class UndecodableError(Exception):
    """The file, or a part of it, could not be taken apart; its bytes were searched as they are."""


def pieces(path: Path, view: View) -> Iterator[Piece]:
    """All pieces of a file. Raises UndecodableError after the last one that could be had."""
    with path.open("rb") as file:
        yield from _of_stream(file, "", view, 0, path)


def _of_stream(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
    head = file.read(16)
    file.seek(0)
    opened = next((reader for magic, reader in _READERS if head.startswith(magic)), None)
    if head[8:12] == b"DUCK":
        opened = _duckdb
    is_text = opened is None and _is_text(file)
    if head[:2] not in _UTF16_MARKS:
        yield from _raw(file, place, view.overlap, is_text or opened in _WITH_BORDERS)
    if is_text:
        yield from _marked_up(file, place, view)
    if opened is None or depth >= _DEEPEST:
        return
    file.seek(0)
    try:
        yield from opened(file, place, view, depth, path)
    except UndecodableError:
        raise
    except Exception as error:  # noqa: BLE001 - libraries raise what they like for a damaged file
        # Their texts may hold values.
        raise UndecodableError(f"{place or 'file'}: {type(error).__name__}") from None


def _is_text(file: BinaryIO) -> bool:
    file.seek(0)
    first = file.read(BLOCK_BYTES // 16)
    file.seek(0)
    return b"\0" not in first or first[:2] in _UTF16_MARKS


def _raw(file: BinaryIO, place: str, overlap: int, is_text: bool) -> Iterator[Piece]:
    """The bytes in blocks that overlap, so that nothing falls between two."""
    file.seek(0)
    kept, start = b"", 0
    while block := file.read(BLOCK_BYTES):
        data = kept + block
        yield Piece(f"{place}bytes", data, is_text, start=start)
        kept = data[-overlap:] if len(block) == BLOCK_BYTES else b""
        start += len(data) - len(kept)


def _marked_up(file: BinaryIO, place: str, view: View) -> Iterator[Piece]:
    """HTML with its entities resolved, and the columns of delimited text."""
    from spark_jobs.privacy.scan.tables import delimited

    file.seek(0)
    first = file.read(4096)
    file.seek(0)
    if first[:2] in _UTF16_MARKS:
        yield Piece(f"{place}text", file.read().decode("utf-16", "replace").encode("utf-8", "replace"))
    elif b"<html" in first.lower() or b"<!doctype" in first.lower():
        text = file.read().decode("utf-8", "replace")
        yield Piece(f"{place}text", html.unescape(text).encode())
    elif b"," in first and any(name.encode() in first.lower() for name in view.columns):
        yield from delimited(file, place, view.columns)


def _compressed(make: Callable[[], Any]) -> Reader:
    def read(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
        whole, problem = _unpacked(file, make)
        yield from _of_stream(io.BytesIO(whole), f"{place}unpacked ", view, depth + 1, None)
        if problem:
            raise UndecodableError(f"{place}unpacked in part: {problem}")

    return read


def _unpacked(file: BinaryIO, make: Callable[[], Any]) -> tuple[bytes, str | None]:
    """Everything up to the end or to the first damage, and what the damage is."""
    parts, size, is_done, unpacking = [], 0, False, make()
    while block := file.read(_STEP_BYTES):
        while block:
            is_done = False
            try:
                parts.append(unpacking.decompress(block))
            except Exception as error:  # noqa: BLE001 - each library has its own; what came before counts
                return b"".join(parts), type(error).__name__
            size += len(parts[-1])
            if size > MOST_UNPACKED_BYTES:
                return b"".join(parts), "larger than the scanner unpacks"
            if not unpacking.eof:
                break
            is_done = True
            block, unpacking = unpacking.unused_data, make()
    return b"".join(parts), None if is_done else "truncated"


def _zip(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            inner = io.BytesIO(archive.read(name))
            yield from _of_stream(inner, f"{place}{name} ", view, depth + 1, None)


def _parquet(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
    from spark_jobs.privacy.scan.tables import parquet

    yield from parquet(file, place)


def _avro(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
    from spark_jobs.privacy.scan.tables import avro

    yield from avro(file, place)


def _sqlite(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
    from spark_jobs.privacy.scan.databases import sqlite

    yield from sqlite(file, place, path)


def _duckdb(file: BinaryIO, place: str, view: View, depth: int, path: Path | None) -> Iterator[Piece]:
    from spark_jobs.privacy.scan.databases import duckdb

    yield from duckdb(file, place, path)


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


_READERS: list[tuple[bytes, Reader]] = [
    (b"\x1f\x8b", _compressed(lambda: zlib.decompressobj(wbits=31))),
    (b"\x28\xb5\x2f\xfd", _compressed(_zstd)),
    (b"BZh", _compressed(bz2.BZ2Decompressor)),
    (b"\xfd7zXZ\0", _compressed(lzma.LZMADecompressor)),
    (b"PK\x03\x04", _zip),
    (b"PAR1", _parquet),
    (b"Obj\x01", _avro),
    (b"SQLite format 3\0", _sqlite),
]
# What lies between these bytes is packed or stands in columns, which are searched by themselves; in databases
# and whatever else values touch each other.
_WITH_BORDERS = {reader for _, reader in _READERS if reader is not _sqlite}
