"""Pictures with a point and its interval at each initializer: colour per activation, a triangle
where the range ends, open where the place is not known or there is not one."""

from collections.abc import Mapping
from itertools import product
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from vgstudy.figures.legend import add_legend
from vgstudy.figures.lines import pick
from vgstudy.figures.panels import panels
from vgstudy.figures.style import COLOURS, GREY
from vgstudy.figures.view import View

MARKS = {"inside": "o", "deeper": "^", "shallower": "v"}
FITS: Mapping[
    str, tuple[str, Literal["full", "none"], str]
] = {  # what a limit's fit is called in the key, its marker's filling, its interval's dash
    "monotone": ("limit", "full", "-"),
    "interpolated": ("between depths", "none", "-"),
    "not monotone": ("no one limit", "none", ":"),
}
APART = 0.18  # of the distance between initializers, from one activation to the next


def places(view: View) -> Figure:
    """A point for every setting."""
    names = view.frame[["x", "initializer"]].drop_duplicates("x").sort_values("x")
    figure = panels(view, draw_places)
    for axes in figure.axes:
        axes.xaxis.set_major_locator(FixedLocator(list(names["x"])))
        axes.xaxis.set_major_formatter(FixedFormatter(list(names["initializer"].astype("str"))))
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    first = view.frame.iloc[[0] * len(view.frame)].reset_index(
        drop=True
    )  # initializers and optimizers have places of their own
    add_legend(
        figure,
        first.assign(activation=view.frame["activation"].array),
        {"fit": key(set(view.frame["fit"]))},
    )
    return figure


def key(present: set[str]) -> list[Line2D]:
    """The entries of the fits that occur; none if all are monotone."""
    looks: dict[str, Any] = {
        "color": GREY,
        "marker": MARKS["inside"],
        "markersize": 5,
        "linewidth": 1.0,
    }
    listed = [
        (label, filling, dash) for name, (label, filling, dash) in FITS.items() if name in present
    ]
    entries = [
        Line2D([], [], label=label, fillstyle=filling, linestyle=dash, **looks)
        for label, filling, dash in listed
    ]
    return entries if present - {"monotone"} else []


def draw_places(axes: Axes, points: pd.DataFrame) -> None:
    """The points of a panel, activations side by side."""
    listed = [own for _, own in points.groupby("activation", observed=True)]
    for order, own in enumerate(listed):
        x, colour = (
            own["x"] + APART * (order - (len(listed) - 1) / 2),
            pick(own["activation"], COLOURS),
        )
        for (range_, marker), (fit, (_, filling, dash)) in product(MARKS.items(), FITS.items()):
            at = (own["range"] == range_) & (own["fit"] == fit)
            axes.vlines(
                x[at], own["low"][at], own["high"][at], color=colour, linewidth=1.0, linestyle=dash
            )
            axes.plot(
                x[at],
                own["value"][at],
                color=colour,
                marker=marker,
                fillstyle=filling,
                markersize=5,
                linestyle="",
            )
