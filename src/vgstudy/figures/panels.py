"""A grid of panels for a view, drawn by seaborn, with our own finished intervals."""

from collections.abc import Callable
from itertools import cycle
from textwrap import fill
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vgstudy.figures.axes import horizontal_limits, scale_x, scale_y, vertical_limits
from vgstudy.figures.style import GREY, LINE_WIDTHS, colours, shades
from vgstudy.figures.view import Axis, View, laid_out
from vgstudy.formatting import level_text

WIDTH = 10.0  # inches, of a figure with many columns of panels
SHADES = 6  # of a colour, for layers from light to dark
MAX_DOTS = 30  # along a line: more would cover it
DODGE = 0.06  # between activations where all points have one place on the horizontal axis
# how seaborn draws a line: the values as they are, without estimates of its own
PLAIN = {"x": "x", "estimator": None, "errorbar": None, "legend": False}


class Grid(sns.FacetGrid):  # type: ignore[misc]
    """A grid of panels whose layout is worked out once, when all is drawn."""

    def tight_layout(self, *_: object, **__: object) -> "Grid":
        """Do nothing."""
        return self


def draw(view: View) -> Figure:
    """Draw a view: a grid of panels, the key above it, the horizontal axis named below it."""
    view = laid_out(view)
    frame = panelled(view)
    rows, columns = (list(frame[name].cat.categories) for name in ("row", "column"))
    width, height = panel_size(len(rows), len(columns))
    grid = Grid(
        frame,
        row="row",
        col="column",
        sharey=False if view.own_ranges else "row",
        height=height,
        aspect=width / height,
    )
    for (i, j, _), points in grid.facet_data():
        axes = grid.axes[i, j]
        if len(points):
            (view.panel or draw_lines)(axes, points)
        else:
            axes.text(0.5, 0.5, "not in this study", transform=axes.transAxes, ha="center", size=7)
        same_range = frame["row"] == rows[i]
        quantity = frame.loc[same_range, "quantity"].iloc[0]
        if view.own_ranges:
            same_range = (frame["quantity"] == quantity) & (frame["column"] == columns[j])
        axis = view.axes[quantity]
        scale_x(axes, view.x, horizontal_limits(frame, view.x))
        scale_y(axes, axis, vertical_limits(frame[same_range], axis))
        axes.set(xlabel="", ylabel="" if j else rows[i], title="" if i else columns[j])
        if j == len(columns) - 1:
            name_marks(axes, axis)
    figure: Figure = grid.figure
    finish(figure, (width * len(columns), 0.9 + height * len(rows)), view.x.label)
    add_key(figure, (view.key or activation_key)(frame), view.takeaway)
    return figure


def panelled(view: View) -> pd.DataFrame:
    """Return the points with their `row` and `column` of panels, their `line`, and the `segment`
    of it without a gap; in the order of drawing."""
    frame = view.frame[view.frame["quantity"].isin(list(view.axes))]
    quantity = pd.Categorical(frame["quantity"], list(view.axes), ordered=True)
    frame = frame.assign(quantity=quantity)

    def text(name: str, level: object) -> str:
        return view.axes[str(level)].label if name == "quantity" else level_text(name, level)

    frame["row"] = panel_labels(frame, ("quantity", *view.down), text)
    frame["column"] = panel_labels(frame, view.across, text)
    lines = frame.groupby(["activation", *view.line], observed=True)
    frame = frame.assign(line=lines.ngroup()).sort_values(["line", "quantity", "x"])
    gaps = frame["value"].isna().groupby([frame["line"], frame["quantity"]], observed=True).cumsum()
    return frame.assign(segment=frame["line"].astype("str") + "-" + gaps.astype("str"))


def panel_labels(
    frame: pd.DataFrame, names: tuple[str, ...], text: Callable[[str, object], str]
) -> "pd.Categorical[str]":
    """Return for each point the levels of some columns in words, in the order of the levels."""
    if not names:
        return pd.Categorical([""] * len(frame))
    levels = frame[list(names)].drop_duplicates().sort_values(list(names))
    labels = [
        "\n".join(map(text, names, combination))
        for combination in levels.itertuples(index=False, name=None)
    ]
    label_of = dict(zip(levels.itertuples(index=False, name=None), labels, strict=True))
    points = frame[list(names)].itertuples(index=False, name=None)
    return pd.Categorical([label_of[point] for point in points], labels, ordered=True)


def panel_size(rows: int, columns: int) -> tuple[float, float]:
    """Return width and height of a panel in inches."""
    width = max(min(WIDTH, 1.4 + 3.2 * columns) / columns, 1.3)
    return width, min(2.4, max(1.15, 7.5 / rows))


def draw_lines(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a line for every cell of a panel, coloured by activation, with bands."""
    palette = colours(points)
    widths = dict(zip(palette, cycle(LINE_WIDTHS), strict=False))
    points = dodged(points)
    by_activation = {"hue": "activation", "palette": palette, "ax": axes, **PLAIN}
    few = points["x"].nunique() <= MAX_DOTS
    dots = {"marker": "o" if few else "", "markersize": 2.6, "markeredgewidth": 0}
    size = {"size": "activation", "sizes": widths}
    sns.lineplot(points, y="value", units="segment", **by_activation, **size, **dots)
    for _, line in points[points["value"].notna()].groupby("segment"):
        draw_interval(axes, line, palette[line["activation"].iloc[0]])
    if "predicted" in points:
        sns.lineplot(points, y="predicted", units="line", linewidth=0.7, **by_activation)


def dodged(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points side by side, by activation, where all have one place."""
    if points["x"].nunique() > 1:
        return points
    codes = points["activation"].cat.remove_unused_categories().cat.codes
    return points.assign(x=points["x"] + DODGE * (codes - codes.max() / 2))


def draw_interval(axes: Axes, line: pd.DataFrame, colour: object, opacity: float = 0.17) -> None:
    """Draw the intervals of a line as a band, that of a single point as a bar."""
    x, low, high = (line[name].astype(float) for name in ("x", "low", "high"))
    if len(line) == 1:
        axes.vlines(x, low, high, color=colour, linewidth=0.8)
    else:
        axes.fill_between(x, low, high, color=colour, alpha=opacity, linewidth=0)


def draw_layers(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a line for every layer of a panel's cell, light for layer 1, dark for the output layer.

    In networks with many layers only these two have bands: more would cover one another.
    """
    output = points["depth"].astype(int) + 1
    place = ((SHADES - 1) * (points["layer"] - 1) / (output - 1)).round().astype(int)
    palette = dict(enumerate(shades(colours(points)[points["activation"].iloc[0]], SHADES)))
    points = points.assign(shade=place)
    by_layer = {"hue": "shade", "palette": palette, "units": "segment", "ax": axes}
    sns.lineplot(points, y="value", **by_layer, **PLAIN)
    outer = (points["layer"] == 1) | (points["layer"] == output)
    banded = points[points["value"].notna() & (outer | (output <= SHADES))]
    for _, line in banded.groupby("segment"):
        draw_interval(axes, line, palette[line["shade"].iloc[0]], 0.12)


def activation_key(frame: pd.DataFrame) -> list[Artist]:
    """Return an entry for each activation that occurs, and one for predictions."""
    palette = colours(frame)
    present = frame["activation"].cat.remove_unused_categories().cat.categories
    entries: list[Artist] = [Line2D([], [], color=palette[name], label=name) for name in present]
    if "predicted" in frame:
        entries.append(Line2D([], [], color=GREY, linewidth=0.7, label="prediction"))
    return entries


def layer_key(frame: pd.DataFrame) -> list[Artist]:
    """Return entries for the shades of layers, and the activations."""
    labels = {0: "layer 1", 2: "layers between", SHADES - 1: "output layer"}
    greys = shades(GREY, SHADES)
    layers = [Line2D([], [], color=greys[place], label=label) for place, label in labels.items()]
    return [*layers, *activation_key(frame)]


def add_key(figure: Figure, handles: list[Artist], title: str) -> None:
    """Add the title and the key above the panels, in as many rows as it needs."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    per_row = max(1, int((figure.get_figwidth() - 0.5) / (0.5 + 0.075 * longest)))
    columns = min(per_row, len(handles))
    place: Any = {"loc": "outside upper left", "ncols": columns, "alignment": "left"}
    figure.legend(handles=handles, title=title or None, title_fontsize=10, **place)


def finish(figure: Figure, size: tuple[float, float], label: str) -> None:
    """Set the size of a figure in inches, its layout, and the label of its horizontal axis."""
    figure.set_size_inches(*size)
    figure.set_layout_engine("constrained")
    figure.supxlabel(label, fontsize=8)


def name_marks(axes: Axes, axis: Axis) -> None:
    """Name the marked levels, outside the panel on its right."""
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


def notice(title: str, text: str) -> Figure:
    """Draw a small figure that says why there is no other."""
    figure = Figure(figsize=(4.2, 0.9))
    lines = f"{fill(title, 68)}\n{fill(text, 68)}"
    figure.text(0.02, 0.5, lines, color=GREY, fontsize=8, va="center")
    return figure
