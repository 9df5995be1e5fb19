"""A grid of panels for a view, drawn by seaborn, with our own finished intervals."""

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vgstudy.figures.axes import (
    scale_x,
    scale_y,
    shown_names,
    vertical_limits,
)
from vgstudy.figures.style import GREY, Look, activation_key, draw_lines
from vgstudy.figures.view import Axis, View, laid_out
from vgstudy.formatting import level_text

# inches, of a figure with many columns of panels; letters have one size, so they are larger on the
# narrower page of slides
WIDTHS = {"paper": 10.0, "slides": 7.5}
NAME_HEIGHT = 0.13  # inches, of a row with a name
SLIDE_HEIGHT = 4.2  # inches, of all panels of a slide


class Grid(sns.FacetGrid):  # type: ignore[misc]
    """A grid of panels whose layout is worked out once, when all is drawn."""

    def tight_layout(self, *_: object, **__: object) -> "Grid":
        """Do nothing."""
        return self


def draw(view: View, style: str = "paper") -> Figure:
    """Draw a view: a grid of panels, the key above it, the horizontal axis named below it; on
    slides also the takeaway."""
    view = laid_out(view)
    frame = panelled(view)
    rows, columns = (list(frame[name].cat.categories) for name in ("row", "column"))
    names = max(len(shown_names(axis)) for axis in view.axes.values())
    width, height = panel_size(len(rows), len(columns), style, names)
    grid = Grid(
        frame,
        row="row",
        col="column",
        sharey="row",
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
        axis = view.axes[frame.loc[same_range, "quantity"].iloc[0]]
        scale_x(axes, view.x, frame)
        scale_y(axes, axis, vertical_limits(frame[same_range], axis))
        axes.set(xlabel="", ylabel="" if j else rows[i], title="" if i else columns[j])
        if j == len(columns) - 1:
            name_marks(axes, axis)
    figure: Figure = grid.figure
    finish(figure, (width * len(columns), 0.9 + height * len(rows)), view.x.label)
    title = fill(view.takeaway, 78) if style == "slides" else ""
    add_key(figure, view.key or activation_key(frame), title)
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


def panel_size(
    rows: int, columns: int, style: str = "paper", names: int = 0
) -> tuple[float, float]:
    """Return width and height of a panel in inches; on paper with room for the names of its
    rows."""
    width = max(min(WIDTHS[style], 3.0 + 3.2 * columns) / columns, 1.3)
    if style == "slides":
        return width, max(0.7, SLIDE_HEIGHT / rows)
    return width, max(min(2.4, max(1.15, 7.5 / rows)), NAME_HEIGHT * names)


def add_key(figure: Figure, looks: Sequence[Look], title: str) -> None:
    """Add the title and the key above the panels, in as many rows as it needs."""
    handles = [Patch(**look) if "facecolor" in look else Line2D([], [], **look) for look in looks]
    longest = max(len(look["label"]) for look in looks)
    per_row = max(1, int((figure.get_figwidth() - 0.5) / (0.5 + 0.075 * longest)))
    columns = min(per_row, len(handles))
    place: Any = {"loc": "outside upper left", "ncols": columns, "alignment": "left"}
    figure.legend(handles=handles, title=title or None, title_fontsize=11, **place)


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
