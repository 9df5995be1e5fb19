"""Pictures with a line per layer: shades of the activation's colour, light at the input, full at
the output."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from vgstudy.figures.lines import draw_line, pick
from vgstudy.figures.panels import panels
from vgstudy.figures.style import COLOURS, GREY, shades
from vgstudy.figures.view import View


def layers(view: View) -> Figure:
    """A line for every layer of every cell."""
    count = int(view.frame["layer"].max())
    figure = panels(view, lambda axes, points: draw_layers(axes, points, count))
    key = ScalarMappable(
        BoundaryNorm([n + 0.5 for n in range(count + 1)], count),
        ListedColormap(shades(GREY, count)),
    )
    place: dict[str, Any] = {"location": "top", "anchor": (0.0, 0.0), "shrink": 0.3, "aspect": 25}
    bar = figure.colorbar(key, ax=figure.axes, ticks=range(1, count + 1, 1 + count // 12), **place)
    bar.ax.tick_params(size=0)
    bar.outline.set_visible(False)
    bar.set_label("layer: light nearest the input, dark the output", loc="left")
    return figure


def draw_layers(axes: Axes, points: pd.DataFrame, count: int) -> None:
    """Every layer of a panel's cell."""
    for _, line in points.sort_values("x").groupby("layer"):
        draw_line(
            axes,
            line,
            axes.transData,
            opacity=0.08,
            color=shades(pick(line["activation"], COLOURS), count)[line["layer"].iloc[0] - 1],
        )
