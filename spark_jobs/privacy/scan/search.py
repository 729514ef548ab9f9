"""Search every file under a folder for the forms of identifiers; findings never carry a value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_jobs.privacy.scan.forms import SURROGATE, Identifier
from spark_jobs.privacy.scan.needles import Hit, Needles
from spark_jobs.privacy.scan.pieces import Piece, UndecodableError, View, pieces

MOST_FINDINGS_A_FILE = 1000


@dataclass(frozen=True)
class Finding:
    """Where an identifier still is: `subject` numbers the person, `kind` says what was found."""

    file: str
    place: str
    offset: int | None
    table: str | None
    subject: str
    kind: str
    form: str


@dataclass
class Scan:
    """What was searched and what was found."""

    count_files: int = 0
    count_bytes: int = 0
    count_patterns: int = 0
    findings: list[Finding] = field(default_factory=list)
    undecodable: dict[str, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def files_under(home: Path) -> list[Path]:
    """Every regular file, links not followed."""
    return sorted(path for path in home.rglob("*") if path.is_file() and not path.is_symlink())


def table_of(relative: Path) -> str | None:
    """The table of the lake that a file belongs to, as `schema.table`."""
    parts = relative.parts
    return f"{parts[1]}.{parts[2]}" if len(parts) > 3 and parts[0] == "lake" else None


def scan(home: Path, identifiers: Iterable[Identifier], files: Sequence[Path] | None = None) -> Scan:
    """Search the files, all under `home` by default. Time grows with the bytes, not with the identifiers."""
    needles = Needles(identifiers)
    found = Scan(count_patterns=needles.count_patterns)
    for path in files_under(home) if files is None else files:
        scan_file(path, home, needles, found)
    return found


def scan_file(path: Path, home: Path, needles: Needles, found: Scan) -> None:
    """Search one file and its name. A file that goes away meanwhile is not there."""
    relative = path.relative_to(home)
    view = View(needles.overlap, needles.short_columns)
    seen: dict[tuple[str, int, str], Finding] = {}

    def note(place: str, hit: Hit, start: int | None) -> None:
        identifier = needles.identifiers[hit.identifier]
        at = None if start is None else start + hit.offset
        seen.setdefault(
            (place, hit.identifier, hit.form),
            Finding(
                _shown(relative, needles),
                place,
                at,
                table_of(relative),
                identifier.subject,
                identifier.kind,
                hit.form,
            ),
        )

    try:
        found.count_bytes += path.stat().st_size
        found.count_files += 1
        for hit in needles.find(str(relative).encode("utf-8", "surrogateescape")):
            note("name of the file", hit, None)
        for piece in pieces(path, view):
            for hit in hits(piece, needles):
                note(piece.place, hit, piece.start if piece.column is None else None)
    except UndecodableError as error:
        found.undecodable[_shown(relative, needles)] = str(error)
    except FileNotFoundError:
        return
    # Of many, those that name somebody come first: ids of ours must not crowd them out.
    first = sorted(seen.values(), key=lambda finding: finding.kind == SURROGATE)
    found.findings.extend(first[:MOST_FINDINGS_A_FILE])


def hits(piece: Piece, needles: Needles) -> Iterator[Hit]:
    """The hits of one piece; values too short to be looked for anywhere in columns of their name."""
    yield from needles.find(piece.data, is_text=piece.is_text)
    if piece.column is None:
        return
    wanted = needles.short_in(piece.column)
    if wanted:
        values = set(piece.data.split(b"\n"))
        yield from (Hit(number, "plain", 0) for number, value in wanted if value in values)


def _shown(relative: Path, needles: Needles) -> str:
    """A path for people; a name that is itself a finding is hidden."""
    name = str(relative)
    is_named = any(True for _ in needles.find(name.encode("utf-8", "surrogateescape")))
    return f"{relative.parent}/<name withheld>" if is_named else name


def scanner_hash() -> str:
    """SHA-256 over the scanner's own source, so that a certificate says which scanner found nothing."""
    whole = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
