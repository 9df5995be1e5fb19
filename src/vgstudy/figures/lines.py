"""Lines with intervals in a panel, and their keys."""

from itertools import cycle

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from vgstudy.figures.style import GREY, LINE_WIDTHS, Look, colours, shades

SHADES = 6  # of a colour, for layers from light to dark
MAX_DOTS = 30  # along a line: more would cover it
DODGE = 0.06  # between activations where all points have one place on the horizontal axis
# how seaborn draws a line: the values as they are, without estimates of its own
PLAIN: Look = {"x": "x", "estimator": None, "errorbar": None, "legend": False}


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


def activation_key(frame: pd.DataFrame) -> list[Look]:
    """Return an entry for each activation that occurs, and one for predictions."""
    palette = colours(frame)
    present = frame["activation"].cat.remove_unused_categories().cat.categories
    entries: list[Look] = [{"label": name, "color": palette[name]} for name in present]
    if "predicted" in frame:
        entries.append({"label": "prediction", "color": GREY, "linewidth": 0.7})
    return entries


def layer_key() -> list[Look]:
    """Return entries for the shades of layers."""
    labels = {0: "layer 1", 2: "layers between", SHADES - 1: "output layer"}
    greys = shades(GREY, SHADES)
    return [{"label": label, "color": greys[place]} for place, label in labels.items()]
