"""Open delivered files on a worker: compression, encoding, and files that are damaged.

What a file is made of is seen in its first bytes, not believed from its name. A file is read through once
before its first row counts: half of a truncated file must not pass for a delivery.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

BLOCK_BYTES = 4 * 2**20
# More than this, and more than this many times the file's size, is an attack and no delivery.
MOST_EXPANDED_BYTES = 512 * 2**20
MOST_EXPANSION = 200
COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
UTF_8_MARK = b"\xef\xbb\xbf"


class UnreadableFileError(Exception):
    """The file as a whole cannot be read under its contract."""


def _unpacked(path: Path) -> pa.NativeFile:
    with path.open("rb") as probe:
        magic = probe.read(4)
    compression = next((name for first, name in COMPRESSIONS.items() if magic.startswith(first)), None)
    # Arrow's, because Python's Zstandard takes the end of a truncated file for the end of the data.
    return pa.input_stream(str(path), compression=compression)


def _blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked. Raises UnreadableFileError when they expand without measure."""
    limit = max(MOST_EXPANDED_BYTES, MOST_EXPANSION * path.stat().st_size)
    seen = 0
    with _unpacked(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            seen += len(block)
            if seen > limit:
                raise UnreadableFileError("expands without measure")
            yield block


def _in_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16 with a byte order mark recoded, the mark of UTF-8 taken off."""
    first = next(blocks, b"")
    if first.startswith(UTF_16):
        text = io.TextIOWrapper(io.BytesIO(b"".join([first, *blocks])), encoding="utf-16", newline="")
        yield text.read().encode()
        return
    yield first.removeprefix(UTF_8_MARK)
    yield from blocks


def line_blocks(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines without the last line feed. A line ends in a line feed and nothing else."""
    rest: list[bytes] = []
    for block in _in_utf8(_blocks(path)):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield b"".join([*rest, head])
            rest = []
        rest.append(tail)
    if last := b"".join(rest):
        yield last


def read_through(parts: Iterable[object]) -> None:
    """Read a whole file once. Raises UnreadableFileError for any way in which that fails."""
    try:
        for _ in parts:
            pass
    except UnreadableFileError:
        raise
    except Exception as error:  # noqa: BLE001 - parsers of foreign bytes raise anything
        raise UnreadableFileError(type(error).__name__) from None
