"""Pictures made of lines with their intervals: colour per activation, dash per initializer, marker
per optimizer."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Transform, offset_copy

from vgstudy.figures.legend import add_legend
from vgstudy.figures.panels import panels
from vgstudy.figures.style import LOOKS, THEORY, WEIGHTS, keyed
from vgstudy.figures.view import View

SINGLE = ["activation", "initializer", "optimizer", "width"]
CELL = [*SINGLE, "depth"]
NOT_WIDTH = [name for name in CELL if name != "width"]


def lines(view: View) -> Figure:
    """Lines against depth: one for every setting of the other factors."""
    return drawn(view, SINGLE)


def cell_lines(view: View) -> Figure:
    """Lines against epochs or layers: one for every cell."""
    return drawn(view, CELL)


def width_lines(view: View) -> Figure:
    """Lines against width: one for every setting of the other factors."""
    return drawn(view, NOT_WIDTH)


def drawn(view: View, by: list[str]) -> Figure:
    """A picture with a line for every combination of the columns `by`."""
    figure = panels(view, lambda axes, points: draw_lines(axes, points, by))
    add_legend(figure, view.frame)
    return figure


def draw_lines(axes: Axes, points: pd.DataFrame, by: list[str]) -> None:
    """Every line of a panel."""
    listed = [line for _, line in points.sort_values("x").groupby(by, observed=True)]
    bars = bool(
        points["quantity"].iloc[0].startswith("p_")
    )  # shares lie on 0 and 1, where bands would cover one another
    spread = (
        1.4 if bars else 4.0 * (points["x"].nunique() == 1)
    )  # points between lines, so that one does not cover the next
    for place, line in enumerate(listed):
        shift = offset_copy(
            axes.transData,
            axes.get_figure(root=True),
            spread * (place - (len(listed) - 1) / 2),
            units="points",
        )
        draw_line(axes, line, transform=shift, bars=bars, **looks(line))
        if "predicted" in line:
            draw_theory(axes, line, shift)


def draw_line(
    axes: Axes,
    line: pd.DataFrame,
    transform: Transform,
    bars: bool = False,
    opacity: float = 0.17,
    **look: Any,
) -> None:
    """One line and its intervals: a band, or bars; outside them, lighter, what holds at all points
    at once.

    A point without a neighbour always has a bar.
    """
    colour, outer = look["color"], "outer_low" in line
    if not bars:
        if outer:
            axes.fill_between(
                line["x"],
                line["outer_low"],
                line["outer_high"],
                color=colour,
                alpha=opacity / 3,
                linewidth=0,
            )
        axes.fill_between(
            line["x"], line["low"], line["high"], color=colour, alpha=opacity, linewidth=0
        )
    elif outer:
        axes.vlines(
            line["x"],
            line["outer_low"],
            line["outer_high"],
            color=colour,
            alpha=0.3,
            linewidth=0.4,
            transform=transform,
        )
    barred = line if bars else line[isolated(line["value"])]
    if len(barred):
        strength = 0.45 if bars else 1.0  # bars at every point are many
        axes.vlines(
            barred["x"],
            barred["low"],
            barred["high"],
            color=colour,
            alpha=strength,
            linewidth=0.8,
            transform=transform,
        )
    axes.plot(
        line["x"], line["value"], markersize=2.6, markeredgewidth=0, transform=transform, **look
    )


def draw_theory(axes: Axes, line: pd.DataFrame, transform: Transform) -> None:
    """The predictions for a line: thin, of its colour; a cross where there is only one."""
    alone = isolated(line["predicted"]) & line["predicted"].notna()
    for some, look in ((~alone, THEORY), (alone, THEORY | {"marker": "x"})):
        axes.plot(
            line["x"],
            line["predicted"].where(some),
            color=looks(line)["color"],
            transform=transform,
            markersize=4,
            **look,
        )


def isolated(values: pd.Series) -> pd.Series:
    """Which values have none beside them."""
    gap = values.isna()
    return gap.shift(1, fill_value=True) & gap.shift(-1, fill_value=True)


def looks(line: pd.DataFrame) -> dict[str, Any]:
    """Colour, weight, dash and marker of a line."""
    weight = {"linewidth": pick(line["activation"], WEIGHTS)}
    return weight | {look: pick(line[factor], choices) for factor, (look, choices) in LOOKS.items()}


def pick(levels: pd.Series, choices: Sequence[Any]) -> Any:
    """The choice that belongs to the one level in a categorical column."""
    return keyed(levels.cat.categories, choices)[levels.iloc[0]]
