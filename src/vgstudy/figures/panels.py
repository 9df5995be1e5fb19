"""A grid of panels for a view: axes, labels and marks; what is inside a panel is the caller's."""

from collections.abc import Callable
from itertools import product
from math import log10
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from vgstudy.figures.axes import LINEAR_BELOW, horizontal_limits, vertical_limits
from vgstudy.figures.frames import chosen
from vgstudy.figures.style import GREY
from vgstudy.figures.view import Axis, View, laid_out
from vgstudy.formatting import level_text, power_of_ten

WIDTH = 10.0  # inches, of a picture with many columns of panels
Draw = Callable[[Axes, pd.DataFrame], None]
Levels = dict[str, Any]


def panels(view: View, draw: Draw) -> Figure:
    """A figure with a panel for every place of the view; `draw` fills each with its points."""
    view = laid_out(view)
    rows, columns = panel_rows(view), combinations(view.frame, view.across)
    figure = Figure(figsize=size(len(rows), len(columns)), layout="constrained")
    places = figure.subplots(len(rows), len(columns), squeeze=False)
    ends = horizontal_limits(view.frame, view.x)
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        axes, axis = places[i, j], view.axes[row["quantity"]]
        block = {
            "quantity": row["quantity"],
            **{name: column[name] for name in view.free if name in column},
        }
        scale_x(axes, view.x, ends)
        scale_y(axes, axis, vertical_limits(chosen(view.frame, **block), axis))
        points = chosen(view.frame, **row, **column)
        if len(points):
            draw(axes, points)
        else:  # the study is not a full crossing
            axes.text(
                0.5,
                0.5,
                "not in this study",
                transform=axes.transAxes,
                ha="center",
                va="center",
                size=7,
                color="0.4",
            )
        starts = not j or any(
            column[name] != columns[j - 1][name] for name in block.keys() - {"quantity"}
        )
        axes.tick_params(
            left=starts, labelleft=starts, bottom=i == len(rows) - 1, labelbottom=i == len(rows) - 1
        )
    label(places, view, rows, columns)
    figure.supxlabel(view.x.label, fontsize=8)
    return figure


def size(rows: int, columns: int) -> tuple[float, float]:
    """Width and height in inches."""
    height = min(2.4, max(1.15, 7.5 / rows))
    return max(min(WIDTH, 1.4 + 3.2 * columns), 1.3 * columns), 0.9 + height * rows


def panel_rows(view: View) -> list[Levels]:
    """The rows of panels that have points, quantity by quantity."""
    found = [(quantity, chosen(view.frame, quantity=quantity)) for quantity in view.axes]
    return [
        {"quantity": quantity, **levels}
        for quantity, points in found
        for levels in combinations(points, view.down)
    ]


def combinations(frame: pd.DataFrame, names: tuple[str, ...]) -> list[Levels]:
    """The combinations of levels that occur, in the order of the levels; one empty combination for
    no names."""
    if not names:
        return [{}] if len(frame) else []
    found = frame[list(names)].drop_duplicates().sort_values(list(names))
    return [
        dict(zip(names, levels, strict=True)) for levels in found.itertuples(index=False, name=None)
    ]


def label(places: Any, view: View, rows: list[Levels], columns: list[Levels]) -> None:
    """Name the columns above, the rows on the left, and the marked levels on the right."""
    for j, column in enumerate(columns):
        places[0, j].set_title("\n".join(level_text(*item) for item in column.items()))
    for i, row in enumerate(rows):
        axis = view.axes[row["quantity"]]
        levels = [level_text(*item) for item in row.items() if item[0] != "quantity"]
        places[i, 0].set_ylabel("\n".join([axis.label, *levels]))
        name_marks(places[i, -1], axis)


def scale_x(axes: Axes, axis: Axis, limits: tuple[float, float]) -> None:
    """Scale, limits and whole-number ticks of a panel's horizontal axis."""
    if axis.scale == "symlog":
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        axes.xaxis.set_major_locator(FixedLocator([0, 1, 10, 100, 1000, 10_000, 100_000]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
    elif axis.scale == "log":
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    axes.set_xlim(limits)


def scale_y(axes: Axes, axis: Axis, limits: tuple[float, float]) -> None:
    """Scale, limits, ticks and marked levels of a panel's vertical axis."""
    axes.set_yscale(axis.scale)
    axes.set_ylim(limits)
    axes.spines[["top", "right"]].set_visible(False)
    for level in axis.marks.values():
        axes.axhline(level, color=GREY, linewidth=0.8, dashes=(2, 2), zorder=1)
    if axis.scale == "log":
        label_decades(axes, limits)
    elif axis.scale == "symlog":
        axes.set_yscale("symlog", linthresh=LINEAR_BELOW, linscale=0.5)
        decades = range(round(log10(LINEAR_BELOW)), int(log10(limits[1])) + 1)
        axes.yaxis.set_major_locator(FixedLocator([0, *(10.0**n for n in decades)]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(
            FuncFormatter(
                lambda level, _: f"{level:g}" if level < 1e4 else power_of_ten(round(log10(level)))
            )
        )


def label_decades(axes: Axes, limits: tuple[float, float]) -> None:
    """Ticks of a logarithmic vertical axis: plain numbers if its ends are near, powers of ten
    otherwise."""
    ratio = limits[1] / limits[0]
    near = ratio < 100
    axes.yaxis.set_major_locator(
        MaxNLocator(4) if ratio < 4 else LogLocator(subs=(1, 2, 5) if near else (1,), numticks=6)
    )
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda level, _: f"{level:g}" if near else power_of_ten(round(log10(level))))
    )


def name_marks(axes: Axes, axis: Axis) -> None:
    """The names of the marked levels, outside the panel on its right."""
    for text, level in axis.marks.items():
        axes.annotate(
            text,
            (1, level),
            (3, 0),
            ("axes fraction", "data"),
            "offset points",
            color=GREY,
            fontsize=7,
            va="center",
        )
