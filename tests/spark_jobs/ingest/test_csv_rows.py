"""CSV rows: what belongs together, what is malformed, and that the fast way and the careful way agree."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.ingest.csv_rows import csv_columns, csv_rows, fields_of
from spark_jobs.ingest.opening import UnreadableFileError
from spark_jobs.ingest.recipe import Recipe

RECIPE = Recipe("s", "csv", True, ",", (("a", "a"), ("b", "b")), None, (), "US", "")


def read(path: Path, recipe: Recipe = RECIPE) -> tuple[list[tuple[str | None, ...]], list[str]]:
    """The rows that fit, and the texts of those that do not."""
    good: list[tuple[str | None, ...]] = []
    bad: list[str] = []
    for rows in csv_rows(path, recipe):
        _, columns, others = csv_columns(rows, recipe)
        good += zip(*(column.to_pylist() for column in columns), strict=True)
        bad += [text for other in others for text in other.texts]
    return good, bad


def write(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_bytes(text.encode())
    return path


def test_a_line_feed_within_quotes_belongs_to_its_row(tmp_path):
    good, bad = read(write(tmp_path, 'a,b\n1,"two\nlines"\n2,x\n'))
    assert (good, bad) == ([("1", "two\nlines"), ("2", "x")], [])


def test_an_unterminated_quote_costs_its_own_line_only(tmp_path):
    good, bad = read(write(tmp_path, 'a,b\n1,"open\n2,x\n3,"y"\n'))
    assert (good, bad) == ([("2", "x"), ("3", "y")], ['1,"open'])


def test_a_quote_in_the_middle_of_a_field_is_an_inch_mark(tmp_path):
    good, bad = read(write(tmp_path, 'a,b\n1,12" PIZZA\n2,"say ""hi"""\n'))
    assert (good, bad) == ([("1", '12" PIZZA'), ("2", 'say "hi"')], [])


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path):
    good, _ = read(write(tmp_path, "﻿ B ,new,A\r\nx,?,1\r\n"))
    assert good == [("1", "x")]


def test_a_column_that_is_not_delivered_has_no_value(tmp_path):
    good, _ = read(write(tmp_path, "a\n1\n"))
    assert good == [("1", None)]


def test_short_and_long_rows_are_malformed_and_blank_lines_are_none(tmp_path):
    good, bad = read(write(tmp_path, "a,b\n1\n\n1,2,3\n  \n4,\n"))
    assert (good, bad) == ([("4", None)], ["1", "1,2,3"])


@pytest.mark.parametrize("header", ["a,a", 'a,"b'])
def test_a_header_that_is_none_makes_the_file_unreadable(tmp_path, header):
    with pytest.raises(UnreadableFileError):
        read(write(tmp_path, f"{header}\n1,2\n"))


def test_without_a_header_the_contract_gives_the_order(tmp_path):
    bare = Recipe("s", "csv", False, ";", (("a", "a"), ("b", "b")), None, (), "US", "")
    assert read(write(tmp_path, "1;x\n"), bare)[0] == [("1", "x")]


FIELD = st.text(alphabet='ab ,"\n;€', max_size=8).filter(
    lambda text: not text.isspace() and "\n\n" not in text
)


@given(fields=st.lists(FIELD, min_size=2, max_size=4))
def test_what_a_csv_writer_writes_is_read_back(fields):
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    assert fields_of(line.getvalue().removesuffix("\n"), ",") == fields
