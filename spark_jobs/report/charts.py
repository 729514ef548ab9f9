"""Charts as static pictures: they open offline, print well and carry no script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert

INK, MUTED, GRID = "#1f2933", "#6b7785", "#e7eaee"
BLUE, TEAL, AMBER, RED, VIOLET, GREY = "#2f6fde", "#17a398", "#e8a33d", "#d64545", "#7b5cd6", "#b4bcc6"
SERIES = [BLUE, AMBER, TEAL, VIOLET, RED, GREY, "#8a5a44", "#3d9dd9"]
FONT = "Inter, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"

Rows = Sequence[dict[str, Any]]

_CONFIG: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
        "labelLimit": 240,
        "labelPadding": 6,
    },
    "legend": {"labelColor": INK, "title": None, "orient": "top", "labelFontSize": 11, "symbolSize": 80},
    "range": {"category": SERIES},
    "bar": {"cornerRadiusEnd": 2},
}


def to_svg(chart: alt.TopLevelMixin) -> str:
    """Draw the chart; the picture scales with the page."""
    spec = chart.to_dict()
    spec["config"] = _CONFIG
    svg: str = vl_convert.vegalite_to_svg(
        spec, vl_version="6.1" if alt.SCHEMA_VERSION.startswith("v6") else "5.20"
    )
    return svg.replace("<svg ", '<svg role="img" preserveAspectRatio="xMinYMin meet" ', 1)


def _data(rows: Rows) -> alt.Data:
    return alt.Data(values=list(rows))


def _plain_axis(ticks: int, number: str = "~s") -> alt.Axis:
    """Each label for itself: a format of the whole axis would write `0k` beside `2k`."""
    return alt.Axis(labelExpr=f"format(datum.value, '{number}')", tickCount=ticks)


def bars(rows: Rows, category: str, value: str, *, title: str, colour: str = BLUE, width: int = 420) -> str:
    """Horizontal bars, the longest first, each with its figure."""
    longest = max((row[value] for row in rows), default=1)
    ticks = min(4, max(1, int(longest)))  # Whole ones for a few things that are counted.
    base = alt.Chart(_data(rows), width=width, height=alt.Step(24)).encode(
        y=alt.Y(f"{category}:N", sort="-x", title=None),
        x=alt.X(f"{value}:Q", title=title, axis=_plain_axis(ticks)),
    )
    numbers = base.mark_text(align="left", dx=5, color=INK, fontSize=11).encode(
        text=alt.Text(f"{value}:Q", format=",")
    )
    return to_svg(base.mark_bar(color=colour) + numbers)


def stacked(rows: Rows, category: str, value: str, part: str, *, title: str, parts: dict[str, str]) -> str:
    """Horizontal bars cut into parts, each part with a colour of its own."""
    chart = (
        alt.Chart(_data(rows), width=390, height=alt.Step(24))
        .mark_bar()
        .encode(
            y=alt.Y(f"{category}:N", title=None),
            x=alt.X(f"{value}:Q", stack="normalize", title=title, axis=alt.Axis(format="%", tickCount=5)),
            color=alt.Color(f"{part}:N", scale=alt.Scale(domain=list(parts), range=list(parts.values()))),
            order=alt.Order("part_order:Q"),
        )
    )
    return to_svg(chart)


def lines(rows: Rows, x: str, y: str, series: str, *, x_title: str, y_title: str, number: str = "~s") -> str:
    """Lines over an ordered x, one for each series, with points; `number` is how y is written (D3)."""
    chart = (
        alt.Chart(_data(rows), width=420, height=220)
        .mark_line(point=alt.OverlayMarkDef(size=36), strokeWidth=2)
        .encode(
            x=alt.X(f"{x}:O", title=x_title, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y(f"{y}:Q", title=y_title, axis=_plain_axis(5, number)),
            color=alt.Color(
                f"{series}:N", sort=None, scale=alt.Scale(range=SERIES), legend=alt.Legend(columns=3)
            ),
        )
    )
    return to_svg(chart)


def curves(
    rows: Rows, x: str, y: str, series: str, *, x_title: str, y_title: str, diagonal: bool = True
) -> str:
    """Curves over a share from 0 to 1, with the diagonal that a coin would draw."""
    axis = alt.Axis(format=".0%", tickCount=5)
    drawn = (
        alt.Chart(_data(rows), width=300, height=260)
        .mark_line(strokeWidth=2, interpolate="linear", clip=True)
        .encode(
            x=alt.X(f"{x}:Q", title=x_title, axis=axis),
            y=alt.Y(f"{y}:Q", title=y_title, axis=axis),
            color=alt.Color(f"{series}:N", sort=None, scale=alt.Scale(range=SERIES)),
        )
    )
    if not diagonal:
        return to_svg(drawn)
    highest = max((max(row[x], row[y]) for row in rows), default=1.0)
    ends: list[dict[str, Any]] = [{x: 0, y: 0}, {x: highest, y: highest}]
    line = alt.Chart(_data(ends)).mark_line(color=GREY, strokeDash=[4, 4]).encode(x=f"{x}:Q", y=f"{y}:Q")
    return to_svg(line + drawn)


def heatmap(rows: Rows, x: str, y: str, value: str, *, x_title: str, y_title: str) -> str:
    """A grid of figures, darker where they are larger."""
    base = alt.Chart(_data(rows), width=300, height=240).encode(
        x=alt.X(f"{x}:O", title=x_title, axis=alt.Axis(labelAngle=0)),
        y=alt.Y(f"{y}:O", title=y_title, sort="descending"),
    )
    largest = max((row[value] for row in rows), default=1)
    squares = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(f"{value}:Q", scale=alt.Scale(range=["#eaf1fd", BLUE]), legend=None)
    )
    figures = base.mark_text(fontSize=11).encode(
        text=alt.Text(f"{value}:Q", format=","),
        color=alt.condition(f"datum['{value}'] > {largest * 0.55}", alt.value("white"), alt.value(INK)),
    )
    return to_svg(squares + figures)


def columns(rows: Rows, x: str, y: str, *, x_title: str, y_title: str, colour: str = BLUE) -> str:
    """Upright bars in the order of x."""
    chart = (
        alt.Chart(_data(rows), width=420, height=200)
        .mark_bar(color=colour)
        .encode(
            x=alt.X(f"{x}:O", title=x_title, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y(f"{y}:Q", title=y_title, axis=_plain_axis(4)),
        )
    )
    return to_svg(chart)


def frontier(rows: Rows, x: str, y: str, series: str, name: str) -> str:
    """Points of two qualities that pull against each other, each with its name."""
    base = alt.Chart(_data(rows), width=420, height=260).encode(
        x=alt.X(f"{x}:Q", title=f"{x}, %", axis=alt.Axis(tickCount=5)),
        y=alt.Y(f"{y}:Q", title=y, axis=alt.Axis(tickCount=5)),
        color=alt.Color(f"{series}:N", sort=None, scale=alt.Scale(range=SERIES)),
    )
    placed = alt.Chart(_data(_apart(rows, y, 15 / 260)), width=420, height=260)
    named = placed.mark_text(align="left", dx=8, fontSize=11).encode(
        x=f"{x}:Q", y="label_at:Q", color=f"{series}:N", text=f"{name}:N"
    )
    return to_svg(base.mark_circle(size=70, opacity=1) + named)


def _apart(rows: Rows, y: str, least: float) -> list[dict[str, Any]]:
    """The rows with `label_at`: their y, lifted where another label would be nearer than `least` (a share
    of the picture's height).
    """
    highest = max((row[y] for row in rows), default=1) or 1
    placed: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: row[y]):
        below = placed[-1]["label_at"] + highest * least if placed else row[y]
        placed.append({**row, "label_at": max(row[y], below)})
    return placed


def amounts(rows: Rows, x: str, y: str, series: str, *, x_title: str, y_title: str) -> str:
    """Predicted against observed money, on logarithmic axes, with the line on which they are equal."""
    drawn_rows = [row for row in rows if row[x] > 0 and row[y] > 0]
    values = [row[key] for row in drawn_rows for key in (x, y)] or [1, 10]
    scale = alt.Scale(type="log", domain=[min(values), max(values)], nice=True)
    axis = alt.Axis(format="~s", tickCount=4)
    drawn = (
        alt.Chart(_data(drawn_rows), width=300, height=260)
        .mark_line(point=alt.OverlayMarkDef(size=36), strokeWidth=2)
        .encode(
            x=alt.X(f"{x}:Q", title=x_title, axis=axis, scale=scale),
            y=alt.Y(f"{y}:Q", title=y_title, axis=axis, scale=scale),
            color=alt.Color(f"{series}:N", sort=None, scale=alt.Scale(range=SERIES)),
        )
    )
    ends = [{x: min(values), y: min(values)}, {x: max(values), y: max(values)}]
    line = alt.Chart(_data(ends)).mark_line(color=GREY, strokeDash=[4, 4]).encode(x=f"{x}:Q", y=f"{y}:Q")
    return to_svg(line + drawn)


def scatter(rows: Rows, x: str, y: str, series: str) -> str:
    """Points of a plane, each group with a colour."""
    chart = (
        alt.Chart(_data(rows), width=420, height=300)
        .mark_circle(size=22, opacity=0.7)
        .encode(
            x=alt.X(f"{x}:Q", title=None, axis=alt.Axis(labels=False, ticks=False)),
            y=alt.Y(f"{y}:Q", title=None, axis=alt.Axis(labels=False, ticks=False)),
            color=alt.Color(f"{series}:N", sort=None, scale=alt.Scale(range=SERIES)),
        )
    )
    return to_svg(chart)
