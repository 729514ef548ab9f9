"""Which column means what: the mapping file of `alluvium identity resolve`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from alluvium.errors import UsageError

ROLES = ("name", "address", "date", "postcode", "place", "category", "email", "phone", "identifier")


class Mapping(BaseModel):
    """The id column, and the columns of each role that the table has."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    roles: dict[str, list[str]]

    @property
    def columns(self) -> list[str]:
        """Every column with a role, once, in the order of the mapping."""
        return list(dict.fromkeys(column for columns in self.roles.values() for column in columns))

    def of(self, *roles: str) -> list[str]:
        """The columns of these roles."""
        return [column for role in roles for column in self.roles.get(role, [])]


def _near(word: str, known: list[str]) -> str:
    found = difflib.get_close_matches(word, known, 1, 0.5)
    return f"Did you mean {found[0]!r}?" if found else f"There are {', '.join(known)}"


def _columns(role: Any, columns: Any, where: str) -> list[str]:
    if role not in ROLES:
        raise UsageError(f"There is no role {role!r}", where=where, do=_near(str(role), list(ROLES)))
    listed = [columns] if isinstance(columns, str) else columns
    if not isinstance(listed, list) or not all(isinstance(column, str) for column in listed):
        raise UsageError(f"The role {role!r} needs a list of column names", where=where)
    return listed


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place else ""
        raise UsageError("The mapping is not valid YAML", where=f"{where}{line}") from None
    if not isinstance(document, dict):
        raise UsageError("The mapping needs the keys `id` and `roles`", where=where)
    if unknown := sorted(set(map(str, document)) - {"id", "roles"}):
        raise UsageError(
            f"The mapping has an unknown key {unknown[0]!r}", where=where, do="It has id and roles"
        )
    return document


def load(path: Path) -> Mapping:
    """Read a mapping; raises UsageError that names the role or key that is wrong."""
    where = str(path)
    try:
        document = _parsed(path.read_text(encoding="utf-8"), where)
    except FileNotFoundError:
        raise UsageError("There is no such mapping", where=where) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The mapping cannot be read: {type(error).__name__}", where=where) from None
    key, roles = document.get("id"), document.get("roles")
    if not isinstance(key, str) or not key:
        raise UsageError("The mapping names no id column", where=where, do="Add `id: <column>`")
    if not isinstance(roles, dict) or not roles:
        raise UsageError(
            "The mapping gives no column a role", where=where, do=f"Roles are {', '.join(ROLES)}"
        )
    mapping = Mapping(
        id=key, roles={str(role): _columns(role, columns, where) for role, columns in roles.items()}
    )
    if key in mapping.columns:
        raise UsageError(
            f"The id column {key!r} has a role too: an id says nothing about who is who", where=where
        )
    if not mapping.columns:
        raise UsageError("The mapping gives no column a role", where=where)
    return mapping


def check(mapping: Mapping, columns: list[str], where: str) -> None:
    """Raises UsageError when the table lacks a column of the mapping."""
    for column in (mapping.id, *mapping.columns):
        if column not in columns:
            raise UsageError(f"There is no column {column!r}", where=where, do=_near(column, columns))
