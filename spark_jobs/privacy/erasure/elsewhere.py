"""What is neither a table, a landing file nor an export: logs, reports, and whatever else holds a value.

In text the value is blotted out where it stands. What cannot be rewritten by us, such as a database of
another tool, is listed for a person to see to, and no certificate is given meanwhile.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.privacy.scan.needles import Needles

BLOT = b"<erased>"
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1", b"Obj\x01", b"SQLite", b"BZh")
# Other people's rows must not change: tables, landing files and exports are rewritten row by row elsewhere.
_NOT_HERE = {"lake", "landing", "exports", "secrets"}


def is_rewritable(home: Path, path: Path) -> bool:
    """Whether the file is text of ours in which a value can be blotted out."""
    if path.relative_to(home).parts[0] in _NOT_HERE:
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return head.startswith(b"PAR1") or (b"\0" not in head and not head.startswith(_PACKED))


def take_rows_out(path: Path, needles: Needles) -> int:
    """Write a Parquet file without the rows in which something is found; how many they were."""
    rows = pq.read_table(path)
    texts = (json.dumps(row, default=str, ensure_ascii=False).encode() for row in rows.to_pylist())
    kept = [next(needles.find(text), None) is None for text in texts]
    if all(kept):
        return 0
    draft = path.with_name(f".{path.name}.erasing")
    pq.write_table(rows.filter(pa.array(kept)), draft)
    os.replace(draft, path)
    return len(kept) - sum(kept)


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans with those that touch made one."""
    apart: list[tuple[int, int]] = []
    for start, end in spans:
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def blot_out(home: Path, files: Iterable[str], needles: Needles) -> tuple[dict[str, int], list[str]]:
    """Values or rows taken out by file, and the files that must be seen to by hand."""
    blotted, by_hand = {}, []
    for name in sorted(set(files)):
        path = home / name
        if not path.is_file() or not is_rewritable(home, path):
            by_hand.append(name)
            continue
        if path.read_bytes()[:4] == b"PAR1":
            if count := take_rows_out(path, needles):
                blotted[name] = count
            continue
        content = path.read_bytes()
        spans = _apart(sorted({(hit.offset, hit.end) for hit in needles.find(content)}))
        for start, end in reversed(spans):
            content = content[:start] + BLOT + content[end:]
        if spans:
            draft = path.with_name(f".{path.name}.erasing")
            draft.write_bytes(content)
            draft.chmod(path.stat().st_mode & 0o777)
            os.replace(draft, path)
            blotted[name] = len(spans)
    return blotted, by_hand
