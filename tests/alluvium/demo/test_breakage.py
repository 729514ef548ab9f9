from __future__ import annotations

import json
from collections import Counter

import pytest

from alluvium.demo.breakage import Amounts, Breakage, csv_lines, json_lines, plant, put, to_csv
from alluvium.demo.days import HISTORY_DAY, nights
from alluvium.demo.dice import dice

BREAKAGE = Breakage(
    amounts=Amounts(broken=(3, 1), duplicates=(2, 1), conflicts=(1, 0)),
    rekey=lambda row, number: row.update(id=f"x-{number}"),
    spoils=(put("amount", "much"),),
    older=put("amount", "0"),
)
LINES = [f'{{"id":"{n}","amount":"{n}","provenance":"real"}}' for n in range(40)]


def test_good_lines_stay_whole_and_in_their_order() -> None:
    mixed, counts = plant(LINES, json_lines(), BREAKAGE, HISTORY_DAY, dice(1, "test"))
    added = Counter(mixed) - Counter(LINES)
    assert Counter(mixed) - added == Counter(LINES)
    once = [line for line in mixed if line in LINES and line not in added]
    assert once == [line for line in LINES if line not in added]
    assert (counts.rows, counts.broken, counts.duplicates, counts.conflicts) == (46, 3, 2, 1)
    assert len(mixed) == counts.rows


def test_a_broken_row_is_synthetic_and_has_a_key_of_its_own() -> None:
    """Replayed one day, it must not stand in for a real row."""
    mixed, _ = plant(LINES, json_lines(), BREAKAGE, HISTORY_DAY, dice(1, "test"))
    broken = [row for row in map(json.loads, mixed) if row["amount"] == "much"]
    assert len(broken) == 3
    assert all(row["id"].startswith("x-") and row["provenance"] == "synthetic" for row in broken)


def test_an_exact_repeat_keeps_the_provenance_of_its_original() -> None:
    mixed, _ = plant(LINES, json_lines(), BREAKAGE, HISTORY_DAY, dice(1, "test"))
    repeated = [line for line, count in Counter(mixed).items() if count > 1]
    assert len(repeated) == 2
    assert all(json.loads(line)["provenance"] == "real" for line in repeated)


@pytest.mark.parametrize(("count_lines", "broken"), [(9, 0), (10, 1), (40, 1)])
def test_a_small_batch_is_not_broken_so_much_that_it_would_be_refused(count_lines: int, broken: int) -> None:
    _, counts = plant(LINES[:count_lines], json_lines(), BREAKAGE, nights()[0], dice(1, "test"))
    assert counts.broken == broken


def test_a_csv_line_is_opened_and_closed_without_a_change() -> None:
    form = csv_lines("id,name,provenance")
    line = to_csv(["1", 'Smith, "Al"', None])
    assert line == '1,"Smith, ""Al""",'
    assert form.closed(form.opened(line)) == line
