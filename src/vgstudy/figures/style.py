"""One visual language: a colour per activation, a dash per initializer, a marker per optimizer."""

from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Any, TypeVar

import seaborn as sns

# Okabe & Ito's palette for colour-blind readers, first entries far apart in lightness so that grey
# print keeps them apart
COLOURS = ("#0072B2", "#E69F00", "#1A1A1A", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D31")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.6)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
WEIGHTS = (
    2.0,
    1.5,
    1.0,
)  # points; lines drawn later are thinner, so that equal values do not hide each other
THEORY: dict[str, Any] = {"linestyle": "-", "linewidth": 0.7, "marker": ""}  # a line of predictions
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
LOOKS: Mapping[str, tuple[str, tuple[Any, ...]]] = {
    "activation": ("color", COLOURS),
    "initializer": ("linestyle", DASHES),
    "optimizer": ("marker", MARKERS),
}
STATUS_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "learned": {"facecolor": "#6A9A92", "edgecolor": "white"},
    "not learned": {"facecolor": "#DEDEDE", "edgecolor": "white"},
    "dead": {"facecolor": "#B5483F", "edgecolor": "white", "hatch": "////"},
    "diverged": {"facecolor": "#222222", "edgecolor": "white"},
    "missing": {"facecolor": "#FFFFFF", "edgecolor": "#222222", "hatch": "xxxx"},
}
# the place among the looks of levels that several studies have, so that a colour means the same in
# all of them
OWN_LOOK = {
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
GREY = "#6B6B6B"

T = TypeVar("T")


def rc() -> Mapping[str, Any]:
    """Matplotlib settings of every picture: sizes for a page seven to ten inches wide, text as
    text, reproducible bytes."""
    own = {
        "figure.dpi": 100,
        "font.family": "DejaVu Sans",
        "axes.labelsize": 8,
        "axes.titlesize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 8,
        "legend.title_fontsize": 8,
        "legend.frameon": False,
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
        "text.parse_math": False,  # a dollar sign in a level's name is a dollar sign
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "vgstudy",
    }
    return {**sns.plotting_context("paper"), **sns.axes_style("ticks"), **own}


def keyed(levels: Iterable[str], looks: Iterable[T]) -> dict[str, T]:
    """A look for each level: its own if its name is in `OWN_LOOK`, in any study, else the next free
    one; looks repeat."""
    names, known = list(levels), list(looks)
    wanted = {
        name: OWN_LOOK[name.casefold()]
        for name in names
        if OWN_LOOK.get(name.casefold(), len(known)) < len(known)
    }
    own = {
        name: place
        for name, place in wanted.items()
        if name == next(n for n, p in wanted.items() if p == place)
    }
    free = cycle([look for place, look in enumerate(known) if place not in own.values()] or known)
    return {name: known[own[name]] if name in own else next(free) for name in names}


def shades(colour: str, count: int) -> list[Any]:
    """So many shades of a colour, light to full."""
    return list(sns.light_palette(colour, n_colors=count + 2))[2:]
