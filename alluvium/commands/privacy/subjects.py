"""Whom a command is about: identifiers from the command line or from a file."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from alluvium.errors import UsageError
from alluvium.settings import Settings

if TYPE_CHECKING:
    from spark_jobs.privacy.scan.forms import Identifier

COLUMNS = ("identifier", "kind", "subject")


@lru_cache(maxsize=1)
def fields_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Under which names each kind of identifier is delivered and kept; read once, it takes 0.6 s."""
    from alluvium.contracts import contract

    found: dict[str, set[str]] = {}
    for each in contract.load_all(settings.sources):
        for name, kind in each.identifiers.items():
            path = each.columns[name].path or name
            found.setdefault(kind, set()).update((name, path.rsplit(".", 1)[-1]))
    return {kind: tuple(sorted(names)) for kind, names in found.items()}


def kind_of(value: str) -> str:
    """email, phone, or id for anything else."""
    from alluvium.contact import normalise_email, normalise_phone

    if normalise_email(value):
        return "email"
    is_number = value.lstrip("+(").replace(" ", "")[:3].isdigit() and sum(map(str.isdigit, value)) >= 9
    return "phone" if is_number and normalise_phone(value) else "id"


def identifier(settings: Settings, value: str, subject: str = "1", kind: str | None = None) -> Identifier:
    """The identifier with the names of the columns that may hold it; raises UsageError for an empty one."""
    from spark_jobs.privacy.scan.forms import Identifier

    if len(value.strip()) < 1:
        raise UsageError("An identifier is empty", do="Give an e-mail address, a telephone number or an id")
    known = fields_of(settings)
    kind = kind or kind_of(value)
    fields = known.get(kind) or tuple(sorted({name for names in known.values() for name in names}))
    return Identifier(kind, value.strip(), subject, fields)


def read_file(settings: Settings, path: Path) -> list[Identifier]:
    """Identifiers of a CSV file with the column identifier, and, if wanted, kind and subject.

    Raises UsageError naming the file and line that cannot be used.
    """
    if not path.is_file():
        raise UsageError("There is no such file", where=str(path))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if COLUMNS[0] not in (rows.fieldnames or []):
            raise UsageError(f"The file needs a column {COLUMNS[0]}", where=f"{path}, line 1")
        found = []
        for number, row in enumerate(rows, 2):
            if not (row[COLUMNS[0]] or "").strip():
                raise UsageError("An identifier is empty", where=f"{path}, line {number}")
            subject = row.get("subject") or str(number - 1)
            found.append(identifier(settings, row[COLUMNS[0]], subject, row.get("kind") or None))
    if not found:
        raise UsageError("The file has no identifier", where=str(path))
    return found
