"""Puts batches into the landing zone: each file beside its place and renamed: nobody reads half of one.

`.demo.json` in the landing zone says what the demo has landed there; `.demo_files` names every file that it
ever began to write. With them a second landing is quick, and one with other parameters leaves no old file.
Files of other sources, and files that somebody added, are never touched.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alluvium.demo.batch import Batch, zipped

MARKER = ".demo.json"
JOURNAL = ".demo_files"
# Batches that wait to be written; they bound the memory.
MOST_WAITING = 6


@dataclass(frozen=True)
class WrittenFile:
    """Path relative to the landing zone, size in bytes, SHA-256 of the file."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class WrittenBatch:
    """A batch, without its content, and its files on disk."""

    batch: Batch
    files: tuple[WrittenFile, ...]


def write_all(landing: Path, batches: Iterable[Batch]) -> Iterator[WrittenBatch]:
    """Write batches with two threads (zipping frees the interpreter), and give them back in their order."""
    landing.mkdir(parents=True, exist_ok=True)
    waiting: list[Future[WrittenBatch]] = []
    with (landing / JOURNAL).open("a", encoding="utf-8") as journal, ThreadPoolExecutor(2) as pool:
        for batch in batches:
            journal.writelines(f"{batch.folder}/{name}\n" for name, _ in batch.files)
            journal.flush()
            waiting.append(pool.submit(_write, landing, batch))
            if len(waiting) > MOST_WAITING:
                yield waiting.pop(0).result()
        yield from (future.result() for future in waiting)


def remove_others(landing: Path, kept: Iterable[WrittenFile]) -> None:
    """Remove what an earlier landing wrote and this one did not."""
    journal = landing / JOURNAL
    wanted = {file.path for file in kept}
    for path in set(journal.read_text("utf-8").splitlines()) - wanted:
        (landing / path).unlink(missing_ok=True)
        _remove_if_empty((landing / path).parent)
    replace_file(journal, "".join(f"{path}\n" for path in sorted(wanted)).encode())


def read_marker(landing: Path) -> dict[str, Any] | None:
    """What the demo landed here last, if it finished and every file still has its size."""
    try:
        marker: dict[str, Any] = json.loads((landing / MARKER).read_text("utf-8"))
        files = marker["files"].items()
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    is_whole = all(
        (landing / path).exists() and (landing / path).stat().st_size == size for path, size in files
    )
    return marker if is_whole else None


def write_marker(landing: Path, marker: dict[str, Any]) -> None:
    """Say that the landing is complete; the last thing that a landing does."""
    replace_file(landing / MARKER, json.dumps(marker, indent=1, sort_keys=True).encode())


def drop_marker(landing: Path) -> None:
    """From now on the landing zone is incomplete."""
    (landing / MARKER).unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the path and rename."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(content)
    beside.replace(path)


def _write(landing: Path, batch: Batch) -> WrittenBatch:
    folder = landing / batch.folder
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, plain in batch.files:
        content = zipped(plain) if name.endswith(".gz") else plain
        replace_file(folder / name, content)
        digest = hashlib.sha256(content).hexdigest()
        written.append(WrittenFile(f"{batch.folder}/{name}", len(content), digest))
    return WrittenBatch(replace(batch, files=()), tuple(written))


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
