"""Take people out of the files that went out, and write for each platform whom it must take back."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.privacy.people import Person
from spark_jobs.privacy.scan.forms import SURROGATE, Identifier
from spark_jobs.privacy.scan.needles import Needles

REMOVALS = "removals"
MANIFEST = "manifest.json"


@dataclass
class Taken:
    """Lines taken out by file, and those that a platform needs to take somebody back."""

    rows: dict[str, int] = field(default_factory=dict)
    removals: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)


def needles_of(people: Sequence[Person]) -> Needles:
    """Identifiers in every form, and customer ids as they are."""
    found = [
        Identifier(kind, value, str(number))
        for number, person in enumerate(people)
        for kind, value in person.identifiers
    ]
    found += [
        Identifier(SURROGATE, each, str(number))
        for number, person in enumerate(people)
        for each in person.customer_ids
    ]
    return Needles(found)


def _audience(path: Path, exports: Path) -> tuple[str, str] | None:
    """Platform and segment of an audience file, from `<run date>/<platform>/<segment>/audience_0001.csv`."""
    parts = path.relative_to(exports).parts
    return (parts[1], parts[2]) if len(parts) == 4 and path.name.startswith("audience_") else None


def newest_first(exports: Path) -> Iterator[Path]:
    """Every exported file but the removals of erasures, newest night first."""
    for night in sorted((p for p in exports.glob("*") if p.is_dir() and p.name != REMOVALS), reverse=True):
        yield from sorted(path for path in night.rglob("*") if path.is_file())


def take_out(
    exports: Path, people: Sequence[Person], open_stays: set[tuple[str, str, str]], *, request_id: str
) -> Taken:
    """Rewrite every file with a line of theirs, when the removals made of these lines are written.

    `open_stays` are platform, segment and customer id of those who are with a platform now: the newest line
    that told the platform about them becomes its removal.
    """
    needles, taken, rewritten = needles_of(people), Taken(), list[tuple[Path, bytes]]()
    with_platform = {
        (platform, segment, str(number))
        for number, person in enumerate(people)
        for platform, segment, customer in open_stays
        if customer in person.customer_ids
    }
    for path in newest_first(exports):
        lines, content = (_parquet if path.suffix == ".parquet" else _lines)(path, needles)
        if not lines:
            continue
        taken.rows[str(path.relative_to(exports.parent))] = len(lines)
        rewritten.append((path, content))
        where = _audience(path, exports)
        for subject, header, line in lines:
            if where and (*where, subject) in with_platform:
                taken.removals.setdefault(where, [header]).append(line)
                with_platform.discard((*where, subject))
    _write_removals(exports, request_id, taken)
    for path, content in rewritten:
        _replace(path, content)
        _patch_manifest(path)
    return taken


Line = tuple[str, bytes, bytes]


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.erasing")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(draft, path)


def _lines(path: Path, needles: Needles) -> tuple[list[Line], bytes]:
    """Subject, header and line of those that go from a text file, and what is left of it."""
    if path.name == MANIFEST:
        return [], b""
    rows = path.read_bytes().splitlines(keepends=True)
    header = rows[0] if rows and path.suffix == ".csv" else b""
    found, kept = [], []
    for row in rows:
        hit = next(needles.find(row), None) if row is not header else None
        if hit is None:
            kept.append(row)
        else:
            found.append((needles.identifiers[hit.identifier].subject, header, row))
    return found, b"".join(kept)


def _parquet(path: Path, needles: Needles) -> tuple[list[Line], bytes]:
    rows = pq.read_table(path)
    texts = [json.dumps(row, default=str).encode() for row in rows.to_pylist()]
    hits = [next(needles.find(text), None) for text in texts]
    out = io.BytesIO()
    pq.write_table(rows.filter(pa.array([hit is None for hit in hits])), out)
    found = [(needles.identifiers[hit.identifier].subject, b"", b"") for hit in hits if hit]
    return found, out.getvalue()


def _patch_manifest(path: Path) -> None:
    """The manifest says what lies beside it: size, rows and hash of a file that was rewritten."""
    manifest = path.parent / MANIFEST
    if not manifest.is_file():
        return
    said = json.loads(manifest.read_text(encoding="utf-8"))
    content = path.read_bytes()
    for file in said.get("files", []):
        if file["name"] == path.name:
            file |= {
                "bytes": len(content),
                "rows": max(len(content.splitlines()) - 1, 0),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
    _replace(manifest, (json.dumps(said, indent=2, sort_keys=True) + "\n").encode())


def _write_removals(exports: Path, request_id: str, taken: Taken) -> None:
    """One file for each platform and segment that must take somebody back; earlier lines stay."""
    for (platform, segment), lines in sorted(taken.removals.items()):
        place = exports / REMOVALS / request_id / platform / segment / "removals.csv"
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = place.read_bytes().splitlines(keepends=True) if place.is_file() else []
        _replace(place, b"".join(dict.fromkeys([*before, *lines])))


def removals(exports: Path, request_id: str) -> list[Path]:
    """The removal files of an erasure that are there."""
    return sorted((exports / REMOVALS / request_id).rglob("removals.csv"))
