"""Charts of an evaluation, as SVG: the model in colour, the baselines behind it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BASELINE_COLOURS = ("#9aa5b1", "#c9b458")
MODEL_COLOUR = "#0b6e99"


def _styles(names: list[str]) -> dict[str, dict[str, Any]]:
    baselines = [name for name in names if name != "model"]
    styles: dict[str, dict[str, Any]] = {
        name: {"color": BASELINE_COLOURS[i % len(BASELINE_COLOURS)], "linewidth": 1.2, "zorder": 2}
        for i, name in enumerate(baselines)
    }
    return styles | {"model": {"color": MODEL_COLOUR, "linewidth": 2.2, "zorder": 3}}


def _calibration(axes: Axes, curves: dict[str, list[dict[str, Any]]]) -> None:
    styles = _styles(list(curves))
    highest = max(
        max(point["predicted"], point["observed"]) for points in curves.values() for point in points
    )
    axes.plot([0, highest], [0, highest], color="#444444", linewidth=0.8, linestyle=":", label="perfect")
    for name, points in curves.items():
        x, y = [p["predicted"] for p in points], [p["observed"] for p in points]
        axes.plot(x, y, marker="o", markersize=4, label=name, **styles[name])
    axes.set(xlabel="predicted, mean of each tenth", ylabel="observed")


def _lift(axes: Axes, curves: dict[str, list[dict[str, Any]]]) -> None:
    styles = _styles(list(curves))
    axes.axhline(1, color="#444444", linewidth=0.8, linestyle=":")
    for name, points in curves.items():
        x, y = [p["decile"] for p in points], [p["lift"] for p in points]
        axes.plot(x, y, marker="o", markersize=4, label=name, **styles[name])
    axes.set(
        xlabel="tenth of customers, highest prediction first", ylabel="times the mean", xticks=range(1, 11)
    )


DRAWN = {"calibration": _calibration, "lift": _lift}


def draw(title: str, curves: dict[str, dict[str, list[dict[str, Any]]]]) -> dict[str, str]:
    """One SVG text per curve, by its name."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    drawings = {}
    # A fixed salt: the same curves give the same bytes.
    with mpl.rc_context({"svg.hashsalt": "alluvium", "font.size": 9}):
        for name, plot in DRAWN.items():
            figure = Figure(figsize=(5.2, 3.8), layout="constrained")
            axes = figure.subplots()
            plot(axes, curves[name])
            axes.set_title(f"{title}: {name}")
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
            text = StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None})
            drawings[name] = text.getvalue()
    return drawings
