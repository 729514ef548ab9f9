"""Pictures say what the rows say, and carry nothing that would have to be loaded."""

from __future__ import annotations

import re

import pytest

from spark_jobs.report import charts

COUNTS = [{"reason": "missing:<id>", "rows": 2}, {"reason": "too_late:paid_at", "rows": 1}]


def _texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_counts_stand_beside_their_bars_the_largest_first_on_whole_ticks():
    texts = _texts(charts.bars(COUNTS, "reason", "rows", title="rows"))
    assert "0.5" not in texts
    assert texts.index("missing:&lt;id&gt;") < texts.index("too_late:paid_at")


def test_shares_of_a_whole_are_in_percent():
    parts = [
        {"source": "shop", "part": part, "rows": rows} for part, rows in (("accepted", 3), ("duplicate", 1))
    ]
    colours = {"accepted": charts.TEAL, "duplicate": charts.AMBER}
    svg = charts.stacked(parts, "source", "rows", "part", title="share", parts=colours)
    assert {"0%", "100%", "accepted", "duplicate"} <= set(_texts(svg))


def test_two_qualities_stand_on_two_axes_with_the_names_of_the_points():
    rows = [{"model": "ease", "placement": "discover", "nDCG@10": 0.05, "coverage": 1.5}]
    texts = _texts(charts.frontier(rows, "coverage", "nDCG@10", "placement", "model"))
    assert {"ease", "discover", "coverage, %", "nDCG@10"} <= set(texts)


@pytest.mark.parametrize("tag", ["<script", "<image", "href="])
def test_a_picture_opens_offline(tag):
    assert tag not in charts.bars(COUNTS, "reason", "rows", title="rows")
