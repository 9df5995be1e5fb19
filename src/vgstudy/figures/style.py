"""One visual language: a colour per activation, shades for layers, sizes for a page."""

from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any, TypeVar

import pandas as pd
import seaborn as sns

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


def shades(colour: str, count: int) -> list[Any]:
    """Return `count` shades of a colour, from light to dark."""
    return list(sns.light_palette(colour, n_colors=count + 2))[2:]
