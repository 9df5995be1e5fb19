"""Pictures made of stacked shares: what became of every run."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from vgstudy.figures.panels import panels
from vgstudy.figures.style import STATUS_LOOKS
from vgstudy.figures.view import View


def shares(view: View) -> Figure:
    """A stacked bar for every cell."""
    figure = panels(view, draw_shares)
    present = set(view.frame["status"])
    handles = [
        Patch(label=status, linewidth=0, **look)
        for status, look in STATUS_LOOKS.items()
        if status in present
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return figure


def draw_shares(axes: Axes, points: pd.DataFrame) -> None:
    """The stacked bars of a panel."""
    bars = points.pivot(index="x", columns="status", values="value")
    floor = 0 * bars.iloc[:, 0]
    for status, look in STATUS_LOOKS.items():
        if status in bars:
            axes.add_collection(
                PolyCollection(boxes(floor, floor + bars[status]), linewidth=0, **look)
            )
            floor = floor + bars[status]


def boxes(low: "pd.Series[float]", high: "pd.Series[float]") -> list[list[tuple[float, float]]]:
    """The corners of a bar at each position of the index, from low to high; no bar where they are
    equal."""
    ends = [(x - 0.45, x + 0.45, low[x], high[x]) for x in low.index if low[x] < high[x]]
    return [
        [(left, bottom), (right, bottom), (right, top), (left, top)]
        for left, right, bottom, top in ends
    ]
