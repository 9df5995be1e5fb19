"""One visual language: a colour per activation, shades for layers, sizes for a page, and lines with
their intervals and keys."""

from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any, TypeVar

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

# Okabe & Ito's palette for colour-blind readers, first entries far apart in lightness so that grey
# print keeps them apart
COLOURS = ("#0072B2", "#E69F00", "#1A1A1A", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D31")
# points; lines drawn later are thinner, so that equal values do not hide each other
LINE_WIDTHS = (2.0, 1.5, 1.0)
DASHES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.6)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
# places in these lists of levels that several studies have, so that a colour means the same in all
PLACES = {
    "tanh": 0,
    "relu": 1,
    "sigmoid": 2,
    "xavier": 0,
    "he": 1,
    "uniform(0,1)": 2,
    "sgd": 0,
    "adam": 1,
    "rmsprop": 2,
}
STATUS_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "learned": {"facecolor": "#6A9A92", "edgecolor": "white"},
    "slow": {"facecolor": "#C9B458", "edgecolor": "white"},
    "stuck": {"facecolor": "#DEDEDE", "edgecolor": "white"},
    "dead": {"facecolor": "#B5483F", "edgecolor": "white", "hatch": "////"},
    "diverged": {"facecolor": "#222222", "edgecolor": "white"},
    "missing": {"facecolor": "#FFFFFF", "edgecolor": "#222222", "hatch": "xxxx"},
}
GREY, RED = "#6B6B6B", "#B5483F"

Look = Mapping[str, Any]  # how something is drawn, as matplotlib names it
LAYERS, SHADES = "crest", 6  # a palette for layers, from light to dark
MAX_DOTS = 30  # along a line: more would cover it
DODGE = 0.06  # between activations where all points have one place on the horizontal axis
# how seaborn draws a line: the values as they are, without estimates of its own
PLAIN: Look = {"x": "x", "estimator": None, "errorbar": None, "legend": False}
T = TypeVar("T")


def rc() -> Mapping[str, Any]:
    """Return matplotlib settings for all figures: sizes for a page seven to ten inches wide, text
    as text, reproducible bytes."""
    settings = {
        "figure.dpi": 100,
        "font.family": "DejaVu Sans",
        "axes.labelsize": 8,
        "axes.titlesize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "legend.handlelength": 1.8,
        "axes.linewidth": 0.7,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "axes.grid": True,
        "grid.color": "#ECECEC",
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.3,
        "hatch.linewidth": 0.6,
        # a dollar sign in a level's name is a dollar sign
        "text.parse_math": False,
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "vgstudy",
    }
    return {**sns.plotting_context("paper"), **sns.axes_style("ticks"), **settings}


def keyed(levels: Iterable[str], looks: Iterable[T]) -> dict[str, T]:
    """Return a look for each level: that of its place in `PLACES`, else the next free one.

    Of levels whose names differ in case alone the first has the place. Looks repeat where there
    are more levels than looks.
    """
    names, choices = list(levels), list(looks)
    placed: dict[int, str] = {}
    for name in names:
        place = PLACES.get(name.casefold(), len(choices))
        if place < len(choices):
            placed.setdefault(place, name)
    chosen = {name: choices[place] for place, name in placed.items()}
    free = cycle([look for place, look in enumerate(choices) if place not in placed] or choices)
    return {name: chosen[name] if name in chosen else next(free) for name in names}


def colours(frame: pd.DataFrame) -> dict[str, str]:
    """Return the colour of each activation of the study, whether in the rows or not."""
    return keyed(frame["activation"].cat.categories, COLOURS)


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
    palette = dict(enumerate(sns.color_palette(LAYERS, SHADES)))
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
    palette = sns.color_palette(LAYERS, SHADES)
    return [{"label": label, "color": palette[place]} for place, label in labels.items()]
