"""Read YAML so that a mistake can be shown at its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from alluvium.errors import AlluviumError

Place = tuple[str | int, ...]


class MistakesInFile(ValueError):
    """Several mistakes, each with its place: the keys and indexes that lead to it."""

    def __init__(self, mistakes: Sequence[tuple[Place, str]]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("; ".join(text for _, text in mistakes))


@dataclass(frozen=True)
class Document:
    """The values of a YAML file and the line of each."""

    where: str
    values: dict[str, Any]
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest thing around it that is in the file."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1

    def refuse(self, mistakes: Iterable[tuple[Place, str]], label: str) -> AlluviumError:
        """An error that shows every mistake as `file:line: what`."""
        found = sorted({(self.line(place), text) for place, text in mistakes})
        listed = "\n".join(f"  {self.where}:{line}: {text}" for line, text in found)
        count = f"{len(found)} mistake" + ("s" if len(found) > 1 else "")
        return AlluviumError(f"The contract {label} cannot be used, {count}:\n{listed}")


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], repeated: list[tuple[Place, str]]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*place, index), lines, repeated)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*place, str(key.value))
            if key.value in seen:
                lines[(*here, "again")] = key.start_mark.line + 1
                repeated.append(((*here, "again"), f"`{key.value}` stands here twice"))
            seen.add(key.value)
            lines.setdefault(here, key.start_mark.line + 1)
            _walk(value, here, lines, repeated)


def read_document(text: str, where: str) -> Document:
    """The values and lines of a YAML mapping.

    Raises AlluviumError with the line when the text is no YAML, no mapping, or names something twice.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not YAML"
        raise AlluviumError(f"The contract cannot be read:\n  {where}:{line}: {problem}") from None
    if not isinstance(values, dict) or root is None:
        raise AlluviumError(f"The contract cannot be read:\n  {where}:1: must be `name: value` lines")
    lines: dict[Place, int] = {}
    repeated: list[tuple[Place, str]] = []
    _walk(root, (), lines, repeated)
    document = Document(where, values, lines)
    if repeated:
        raise document.refuse(repeated, where)
    return document
