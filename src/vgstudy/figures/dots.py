"""Pictures of what predicts failure, a panel for every group of runs: points by predictor, and
calibration curves."""

from collections.abc import Iterator
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from vgstudy.figures.style import COLOURS, GREY, MARKERS
from vgstudy.figures.view import View

LABEL = 34  # characters in a line of a predictor's name
# of the width, left of the names: they are wider at the resolution of a file than at that of the
# layout
ROOM = 0.03


def dots(view: View) -> Figure:
    """A row for every predictor, a mark for every quantity."""
    labels, kinds = list(dict.fromkeys(view.frame["label"])), list(view.axes)
    figure, panels = _panels(view, 2.0, 1.3 + 0.34 * len(labels))
    for axes, points in panels:
        axes.axvline(0.5, color=GREY, linewidth=0.8, dashes=(2, 2), zorder=1)
        for place, kind in enumerate(kinds):
            own = points[points["quantity"] == kind]
            y = [
                labels.index(label) + 0.24 * (place - (len(kinds) - 1) / 2)
                for label in own["label"]
            ]
            axes.hlines(y, own["low"], own["high"], color=COLOURS[place], linewidth=1.4)
            axes.plot(
                own["value"],
                y,
                linestyle="",
                color=COLOURS[place],
                marker=MARKERS[place],
                markersize=4,
            )
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_yticks(range(len(labels)), [fill(label, LABEL) for label in labels])
    _finish(figure, view, {kind: (COLOURS[i], MARKERS[i], "") for i, kind in enumerate(kinds)})
    return figure


def calibration_curves(view: View) -> Figure:
    """A line for every model beside the diagonal of perfect calibration."""
    labels = list(dict.fromkeys(view.frame["label"]))
    figure, panels = _panels(view, 2.6, 3.2)
    for axes, points in panels:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, dashes=(2, 2))
        for place, label in enumerate(labels):
            own = points[points["label"] == label].sort_values("x")
            axes.vlines(own["x"], own["low"], own["high"], color=COLOURS[place], linewidth=0.8)
            axes.plot(
                own["x"], own["value"], color=COLOURS[place], marker=MARKERS[place], markersize=4
            )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    figure.axes[0].set_ylabel(next(iter(view.axes.values())).label)
    _finish(figure, view, {label: (COLOURS[i], MARKERS[i], "-") for i, label in enumerate(labels)})
    return figure


def _panels(
    view: View, width: float, height: float
) -> tuple[Figure, Iterator[tuple[Axes, pd.DataFrame]]]:
    groups = list(dict.fromkeys(view.frame["group"]))
    figure = Figure(
        figsize=(min(10.0, 2.2 + width * len(groups)), height),
        layout=ConstrainedLayoutEngine(rect=(ROOM, 0, 1 - ROOM, 1)),
    )
    places = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for axes, group in zip(places, groups, strict=True):
        axes.set_title(group)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, (
        (axes, view.frame[view.frame["group"] == group])
        for axes, group in zip(places, groups, strict=True)
    )


def _finish(figure: Figure, view: View, key: dict[str, tuple[str, str, str]]) -> None:
    figure.supxlabel(view.x.label, fontsize=8)
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle=line, markersize=4, label=label)
        for label, (colour, marker, line) in key.items()
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
