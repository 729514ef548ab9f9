"""The parts a page is made of, and how they become one file that opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Tile:
    """One figure to see first."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A chart with a heading and a sentence that says what it shows."""

    heading: str
    svg: str
    note: str = ""

    @property
    def drawn(self) -> Markup:
        """The picture for the page; it comes from our own charts only."""
        return Markup(self.svg)


@dataclass(frozen=True)
class Grid:
    """A table of a few rows."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""

    def is_number(self, column: int) -> bool:
        """Whether the column holds figures: they stand to the right, and what is missing among them too."""
        held = [row[column] for row in self.rows if row[column] is not None]
        return bool(held) and all(_is_number(value) for value in held)


@dataclass(frozen=True)
class Section:
    """A chapter of the page. `missing` says why it has nothing to show."""

    title: str
    lead: str
    blocks: Sequence[Picture | Grid] = ()
    missing: str = ""
    tiles: Sequence[Tile] = field(default_factory=tuple)

    @property
    def anchor(self) -> str:
        """Where the contents list leads to."""
        return self.title.lower().replace(" ", "-")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)


def render(run_date: date, failure: str | None, tiles: Sequence[Tile], sections: Sequence[Section]) -> str:
    """The whole page as text."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["j2"]))
    environment.filters["cell"] = _cell
    page = environment.get_template("page.html.j2")
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return page.render(run_date=run_date, failure=failure, tiles=tiles, sections=sections, style=style)


def write(text: str, target: Path) -> None:
    """Appear at once and complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(target)
