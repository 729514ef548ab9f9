"""Counts by groups that may leave the team: no cell of fewer than k people, and none that can be worked out.

A cell below k is left out. Because rows, columns and the total are published too, further cells are left out
until, for each cell that is missing, the published figures allow at least k people in it and never fix its
number. That is checked for every missing cell by two linear programmes, not by a rule of thumb (Fischetti and
Salazar, Solving the cell suppression problem, 2001, give the model; here cells are added greedily).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

from alluvium.errors import UsageError

Cell = tuple[str, ...]
# A line of the published table: one value of one dimension, or () for all of it.
Line = tuple[int, str] | tuple[()]
MOST_CELLS = 600
K = 10


@dataclass
class Published:
    """What goes out: counts of cells and margins; None stands for one that is left out."""

    cells: dict[Cell, int | None]
    margins: dict[Line, int | None] = field(default_factory=dict)

    @property
    def missing(self) -> list[Cell]:
        """The cells that are left out."""
        return [cell for cell, count in self.cells.items() if count is None]


def protect(counts: Mapping[Cell, int], k: int = K) -> Published:
    """The counts with all left out that must be. Raises UsageError for too many cells."""
    if len(counts) > MOST_CELLS:
        raise UsageError(
            f"{len(counts)} groups are too many", do=f"Fewer or coarser columns: {MOST_CELLS} at most"
        )
    lines = _lines(counts)
    sums = {line: sum(counts[cell] for cell in cells) for line, cells in lines.items()}
    out = Published({cell: n if n >= k else None for cell, n in counts.items()}, _margins(counts, sums, k))
    while (weak := _first_weak(out, lines, counts, k)) is not None:
        _leave_out_more(weak, out, lines, counts, k)
    return out


def _margins(counts: Mapping[Cell, int], sums: Mapping[Line, int], k: int) -> dict[Line, int | None]:
    """Each dimension's sums are a table of one dimension themselves, protected before the cells."""
    dimensions = len(next(iter(counts), ()))
    if dimensions == 1:  # Here the sums of a value are the cells: only the total is more.
        return {(): sums[()] if sums[()] >= k else None}
    found: dict[Line, int | None] = {(): sums[()] if sums[()] >= k else None}
    for at in range(dimensions):
        table: dict[Cell, int] = {(line[1],): n for line, n in sums.items() if line and line[0] == at}
        found |= {(at, cell[0]): n for cell, n in protect(table, k).cells.items()}
    return found


def _lines(counts: Iterable[Cell]) -> dict[Line, list[Cell]]:
    found: dict[Line, list[Cell]] = {(): []}
    for cell in counts:
        found[()].append(cell)
        for at, value in enumerate(cell):
            found.setdefault((at, value), []).append(cell)
    return found


def bounds(out: Published, lines: Mapping[Line, Sequence[Cell]], cell: Cell) -> tuple[float, float]:
    """The fewest and most people that the published figures allow in a missing cell."""
    missing = out.missing
    place = {each: at for at, each in enumerate(missing)}
    known = [(line, total) for line, total in out.margins.items() if total is not None and line in lines]
    rows, right = [], []
    for line, total in known:
        row = np.zeros(len(missing))
        left = total
        for each in lines[line]:
            count = out.cells[each]
            if count is None:
                row[place[each]] = 1
            else:
                left -= count
        rows.append(row)
        right.append(left)
    goal = np.zeros(len(missing))
    goal[place[cell]] = 1
    equal = {"A_eq": np.array(rows), "b_eq": np.array(right)} if rows else {}
    low, high = (linprog(sign * goal, bounds=(0, None), **equal) for sign in (1, -1))
    return low.fun, -high.fun if high.status == 0 else np.inf


def _is_weak(span: tuple[float, float], k: int) -> bool:
    return span[1] < k or span[1] - span[0] < 0.5


def _first_weak(
    out: Published, lines: Mapping[Line, Sequence[Cell]], counts: Mapping[Cell, int], k: int
) -> Cell | None:
    """A missing cell whose number is fixed, or is known to be below k; None when there is none."""
    smallest_first = sorted(out.missing, key=lambda cell: (counts[cell], cell))
    return next((cell for cell in smallest_first if _is_weak(bounds(out, lines, cell), k)), None)


def _leave_out_more(
    weak: Cell, out: Published, lines: Mapping[Line, Sequence[Cell]], counts: Mapping[Cell, int], k: int
) -> None:
    """Leave out the smallest cell that saves a weak one, else the one that helps most, else a sum."""
    before = bounds(out, lines, weak)
    best: tuple[float, Cell] | None = None
    for cell in sorted(_beside(weak, out, lines), key=lambda cell: (counts[cell], cell)):
        held, out.cells[cell] = out.cells[cell], None
        low, high = bounds(out, lines, weak)
        if not _is_weak((low, high), k):
            return
        out.cells[cell] = held
        gain = (high - low) - (before[1] - before[0])
        if gain > 0 and (best is None or gain > best[0]):
            best = gain, cell
    own: list[Line] = [(at, value) for at, value in enumerate(weak)]
    # Where no cell helps alone, one in each line does with what follows: they close a circle.
    shown = [[cell for cell in lines[line] if out.cells[cell] is not None] for line in own]
    helping = {best[1]} if best else {min(c, key=lambda cell: (counts[cell], cell)) for c in shown if c}
    if helping:
        out.cells |= dict.fromkeys(helping)
        return
    sums = {line: n for line in (*own, ()) if (n := out.margins.get(line)) is not None}
    out.margins[min(sums, key=lambda line: sums[line])] = None


def _beside(weak: Cell, out: Published, lines: Mapping[Line, Sequence[Cell]]) -> set[Cell]:
    """Shown cells in a line with a weak one, or with a missing one beside it."""
    near = {weak, *(cell for cell in _in_line_with(weak, out, lines) if out.cells[cell] is None)}
    found = {cell for each in near for cell in _in_line_with(each, out, lines)}
    return {cell for cell in found if out.cells[cell] is not None}


def _in_line_with(cell: Cell, out: Published, lines: Mapping[Line, Sequence[Cell]]) -> set[Cell]:
    """Cells of its lines; where the sum of a line is left out, of all such lines: known is only their sum."""
    found: set[Cell] = set()
    for at, value in enumerate(cell):
        together = [(at, value)]
        if out.margins.get((at, value)) is None:
            together += [line for line in lines if line and line[0] == at and out.margins.get(line) is None]
        found |= {each for line in together for each in lines[line]}
    return found
