"""Segments as they are written: `definitions/<segment>.sql` or `.yml`, one a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from hashlib import sha1
from pathlib import Path

from alluvium.errors import AlluviumError, UsageError
from spark_jobs.segments import bounds, header, query
from spark_jobs.segments.header import Guard, Priority, Target
from spark_jobs.segments.rules.compile import Leaf, Value
from spark_jobs.segments.rules.read import read

FOLDER = Path(__file__).with_name("definitions")
SQL, YAML = ".sql", ".yml"
SUFFIXES = (SQL, YAML)

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Definition:
    """One segment. `text` is the file; `sql` is what runs; `version` changes with any byte of the file.

    A rule document has `leaves`, its conditions, and `values`, what its parameters stand for.
    """

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
    values: Mapping[str, Value] = field(default_factory=dict)
    leaves: tuple[Leaf, ...] = ()
    priority: Priority | None = None
    target: Target | None = None


def version_of(content: bytes) -> str:
    """The first 12 hex digits of what `git hash-object` says of the file."""
    return sha1(b"blob %d\x00" % len(content) + content, usedforsecurity=False).hexdigest()[:12]


def check_name(file: str) -> str:
    """The segment's name; raises AlluviumError for one that could not be a file and an identifier."""
    name = file.rpartition(".")[0]
    if not _NAME.fullmatch(name):
        raise AlluviumError(f"{name!r} cannot name a segment", where=file, do="Use lower case, digits and _")
    return name


def parse(content: bytes, file: str) -> Definition:
    """Read one definition; raises AlluviumError with file and line."""
    name = check_name(file)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise AlluviumError("The file is not UTF-8", where=file, do="Save it as UTF-8") from None
    is_sql = Path(file).suffix == SQL
    head, rules = (header.parse(text, file), None) if is_sql else read(text, file)
    values: Mapping[str, Value] = rules.values if rules else {}
    made = Definition(
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
        sql=query.compile_query(rules.sql if rules else text, file, frozenset(values)),
        version=version_of(content),
        values=values,
        leaves=tuple(rules.leaves) if rules else (),
        priority=head.priority,
        target=head.target,
    )
    if made.target is not None:
        bounds.bound_of(made, bounds.tree_of(made), made.target.by)
    return made


def load_all(folder: Path = FOLDER) -> list[Definition]:
    """Every definition of the folder, by name; raises AlluviumError for the first that is not sound."""
    files = _files(folder)
    names = [path.stem for path in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise AlluviumError(f"{twice} is defined twice", where=str(folder), do="Keep the .sql or the .yml")
    definitions = [parse(path.read_bytes(), path.name) for path in files]
    _check_groups(definitions)
    return definitions


def _check_groups(definitions: Sequence[Definition]) -> None:
    """Raises AlluviumError for a priority group whose segments have no clear order, or no common schedule."""
    first: dict[object, Definition] = {}
    for definition in definitions:
        if definition.priority is None:
            continue
        same_place = first.setdefault(definition.priority, definition)
        if same_place is not definition:
            what = f"{same_place.name} has place {definition.priority.place} of that priority group too"
            raise AlluviumError(what, where=definition.file, do="Give each segment a place of its own")
        leader = first.setdefault(definition.priority.group, definition)
        if leader.schedule != definition.schedule:
            what = f"{leader.name} of the same priority group is decided on another schedule"
            raise AlluviumError(what, where=definition.file, do=f"Use `{leader.schedule}` in all of them")


def _files(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.suffix in SUFFIXES), key=lambda path: path.stem)


def write(folder: Path, definition: Definition) -> Path:
    """Put a definition's text in its file, whole or not at all."""
    target = folder / definition.file
    draft = target.with_name(f".{target.name}.draft")
    draft.write_bytes(definition.text.encode())
    return draft.replace(target)


def load(name: str, folder: Path = FOLDER) -> Definition:
    """One definition; raises UsageError when there is none of that name, with the nearest."""
    found = [path for path in _files(folder) if path.stem == name]
    if not found:
        known = [path.stem for path in _files(folder)]
        near = get_close_matches(name, known, 1)
        do = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}"
        raise UsageError(f"There is no segment {name!r}", do=do)
    return parse(found[0].read_bytes(), found[0].name)
