"""Segments as they are written: `definitions/<segment>.sql`, one a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from hashlib import sha1
from pathlib import Path

from alluvium.errors import AlluviumError
from spark_jobs.segments import header, query
from spark_jobs.segments.header import Guard

FOLDER = Path(__file__).with_name("definitions")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Definition:
    """One segment. `text` is the file; `sql` is what runs; `version` changes with any byte of the file."""

    name: str
    file: str
    owner: str
    purposes: tuple[str, ...]
    schedule: str
    guard: Guard
    holdout: float
    expires_on: date | None
    description: str
    text: str
    sql: str
    version: str


def version_of(content: bytes) -> str:
    """The first 12 hex digits of what `git hash-object` says of the file."""
    return sha1(b"blob %d\x00" % len(content) + content, usedforsecurity=False).hexdigest()[:12]


def parse(content: bytes, file: str) -> Definition:
    """Read one definition; raises AlluviumError with file and line."""
    name = Path(file).stem
    if not _NAME.fullmatch(name):
        raise AlluviumError(f"{name!r} cannot name a segment", where=file, do="Use lower case, digits and _")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise AlluviumError("The file is not UTF-8", where=file, do="Save it as UTF-8") from None
    head = header.parse(text, file)
    return Definition(
        name=name,
        file=file,
        owner=head.owner,
        purposes=head.purposes,
        schedule=head.schedule,
        guard=head.guard,
        holdout=head.holdout,
        expires_on=head.expires_on,
        description=head.description,
        text=text,
        sql=query.compile_query(text, file),
        version=version_of(content),
    )


def load_all(folder: Path = FOLDER) -> list[Definition]:
    """Every definition of the folder, by name; raises AlluviumError for the first that is not sound."""
    return [parse(path.read_bytes(), path.name) for path in sorted(folder.glob("*.sql"))]


def load(name: str, folder: Path = FOLDER) -> Definition:
    """One definition; raises AlluviumError when there is none of that name."""
    path = folder / f"{name}.sql"
    if not _NAME.fullmatch(name) or not path.exists():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.sql")))
        raise AlluviumError(f"There is no segment {name!r}", do=f"Known: {known}")
    return parse(path.read_bytes(), path.name)
