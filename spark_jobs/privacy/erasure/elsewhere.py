"""What is neither a table, a landing file nor an export: logs, reports, and whatever else holds a value.

In text the value is blotted out where it stands. What cannot be rewritten by us, such as a database of
another tool, is listed for a person to see to, and no certificate is given meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

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
    return b"\0" not in head and not head.startswith(_PACKED)


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
    """Values blotted out by file, and the files that must be seen to by hand."""
    blotted, by_hand = {}, []
    for name in sorted(set(files)):
        path = home / name
        if not path.is_file() or not is_rewritable(home, path):
            by_hand.append(name)
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
