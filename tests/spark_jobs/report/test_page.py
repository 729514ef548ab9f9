"""The page as text: complete, safe, and honest about what is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from spark_jobs.report.page import Grid, Picture, Section, Tile, render, write

DAY = date(2017, 11, 2)


def _page(*blocks: Grid | Picture, failure: str | None = None, missing: str = "") -> str:
    section = Section("Arrivals", "What came.", blocks, missing)
    return render(DAY, failure, [Tile("customers", "3")], [section])


def test_numbers_stand_to_the_right_with_their_heading():
    page = _page(Grid("By source", ["source", "read"], [["shop", 1234]]))
    assert '<th class="number">read</th>' in page
    assert '<td class="number">1,234</td>' in page
    assert "<th>source</th>" in page


def test_a_grid_without_rows_still_has_its_headings():
    assert "<th>read</th>" in _page(Grid("By source", ["source", "read"], []))


def test_a_value_is_text_and_never_markup():
    page = _page(Grid("Products", ["name"], [["<b>Milk & honey</b>"], [None], [True]]))
    assert "&lt;b&gt;Milk &amp; honey&lt;/b&gt;" in page
    assert "<b>Milk" not in page
    assert "<td>–</td>" in page
    assert "<td>yes</td>" in page


def test_a_night_that_failed_says_so_first():
    page = _page(failure="The night stopped at gold")
    assert page.index("The night stopped at gold") < page.index("Arrivals")


def test_a_chapter_without_figures_says_why():
    assert "Nothing was scored yet" in _page(missing="Nothing was scored yet")


def test_a_page_appears_whole_in_place_of_the_old_one(tmp_path: Path):
    target = tmp_path / "reports" / "2017-11-02.html"
    for text in ("first", "second"):
        write(text, target)
    assert target.read_text() == "second"
    assert [path.name for path in target.parent.iterdir()] == [target.name]
