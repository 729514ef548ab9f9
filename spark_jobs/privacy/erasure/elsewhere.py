"""What is neither a table, a landing file nor an export: logs, reports, artefacts of models, databases.

In text and in the cells of SQLite and DuckDB files the value is blotted out where it stands; rows of Parquet
files go. What cannot be rewritten by us, such as a pickle, is listed for a person to see to, and no
certificate is given meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from spark_jobs.privacy.erasure import blots
from spark_jobs.privacy.scan.needles import Needles

Blot = Callable[[Path, Needles], int]
_KINDS: tuple[tuple[bytes, Blot], ...] = (
    (b"PAR1", blots.parquet),
    (b"SQLite format 3\0", blots.sqlite),
    (b"\x1f\x8b", blots.packed_text),
)
_PACKED = (b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"Obj\x01", b"BZh")
# Other people's rows must not change: tables, landing files and exports are rewritten row by row elsewhere.
_NOT_HERE = {"lake", "landing", "exports", "secrets"}


def is_here(home: Path, path: Path) -> bool:
    """Whether a file is none of those that are rewritten row by row."""
    return path.relative_to(home).parts[0] not in _NOT_HERE


def _how(home: Path, path: Path) -> Blot | None:
    """How values are taken out of a file; None for one that we cannot rewrite."""
    if not is_here(home, path):
        return None
    with path.open("rb") as file:
        head = file.read(4096)
    if head[8:12] == b"DUCK":
        return blots.duckdb
    known = next((blot for magic, blot in _KINDS if head.startswith(magic)), None)
    if known is not None:
        return known
    return blots.text if b"\0" not in head and not head.startswith(_PACKED) else None


def blot_out(home: Path, files: Iterable[str], needles: Needles) -> tuple[dict[str, int], list[str]]:
    """Values or rows taken out by file, and the files that must be seen to by hand."""
    blotted, by_hand = {}, []
    for name in sorted(set(files)):
        path = home / name
        how = _how(home, path) if path.is_file() else None
        if how is None:
            by_hand.append(name)
            continue
        try:
            count = how(path, needles)
        except Exception:  # noqa: BLE001 - libraries raise what they like for a damaged or locked file
            by_hand.append(name)
            continue
        if count:
            blotted[name] = count
    return blotted, by_hand
