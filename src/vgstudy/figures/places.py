"""Pictures with a point and its interval at each initializer: colour per activation, a triangle where the range ends."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from vgstudy.figures.legend import add_legend
from vgstudy.figures.lines import pick
from vgstudy.figures.panels import panels
from vgstudy.figures.style import COLOURS
from vgstudy.views.view import View

MARKS = {"inside": "o", "deeper": "^", "shallower": "v"}
APART = 0.18  # of the distance between initializers, from one activation to the next


def places(view: View) -> Figure:
    """A point for every setting."""
    names = view.frame[["x", "initializer"]].drop_duplicates("x").sort_values("x")
    figure = panels(view, draw_places)
    for axes in figure.axes:
        axes.xaxis.set_major_locator(FixedLocator(list(names["x"])))
        axes.xaxis.set_major_formatter(FixedFormatter(list(names["initializer"].astype("str"))))
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    first = view.frame.iloc[[0] * len(view.frame)].reset_index(drop=True)  # initializers and optimizers have places of their own
    add_legend(figure, first.assign(activation=view.frame["activation"].array))
    return figure


def draw_places(axes: Axes, points: pd.DataFrame) -> None:
    """The points of a panel, activations side by side."""
    listed = [own for _, own in points.groupby("activation", observed=True)]
    for order, own in enumerate(listed):
        x, colour = own["x"] + APART * (order - (len(listed) - 1) / 2), pick(own["activation"], COLOURS)
        axes.vlines(x, own["low"], own["high"], color=colour, linewidth=1.0)
        for name, marker in MARKS.items():
            at = own["range"] == name
            axes.plot(x[at], own["value"][at], color=colour, marker=marker, markersize=5, linestyle="")
