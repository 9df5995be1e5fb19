"""Pictures of the arms of a study over epochs: the median seed with a band and a tutorial's single
run, and fans of quantiles."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vgstudy.figures.legend import handles
from vgstudy.figures.lines import draw_line, pick
from vgstudy.figures.panels import panels
from vgstudy.figures.style import COLOURS, GREY, shades
from vgstudy.figures.view import View
from vgstudy.schema import QUANTILES

SHADES = range(6)  # places from light to dark
FANS = ((0.01, 0.99, 0.15), (0.05, 0.95, 0.22), (0.25, 0.75, 0.35))  # from, to, opacity


def single_runs(view: View) -> Figure:
    """A line with a band for every arm, a star where the tutorial's single run ended."""
    figure = panels(view, draw_run)
    listed = [Line2D([], [], color=GREY, label="median seed, central 90 % of the seeds")]
    if view.frame["reported"].notna().any():
        listed += [
            Line2D(
                [],
                [],
                color="#B5483F",
                marker="*",
                linestyle="",
                markersize=8,
                label="the tutorial's single run",
            )
        ]
    add_key(figure, view, listed)
    return figure


def add_key(figure: Figure, view: View, listed: list[Line2D]) -> None:
    """The key above the panels: these entries, then the activations' colours."""
    entries = [*listed, *handles(view.frame, "activation")]
    figure.legend(handles=entries, loc="outside upper left", ncols=len(entries))


def draw_run(axes: Axes, points: pd.DataFrame) -> None:
    """One panel's line and star."""
    for _, line in points.sort_values("x").groupby("arm", observed=True):
        draw_line(axes, line, axes.transData, color=pick(line["activation"], COLOURS))
        told = line[line["reported"].notna()]
        if len(told):  # matplotlib gives an empty line that is not clipped no place
            axes.plot(
                told["x"],
                told["reported"].astype(float),
                "*",
                color="#B5483F",
                markersize=8,
                clip_on=False,
                zorder=5,
            )


def arm_layers(view: View) -> Figure:
    """A line for every layer of every arm, light for layer 1 and dark for the output layer,
    whatever the depth; bands."""
    figure = panels(view, draw_layers)
    named = {SHADES[0]: "layer 1", SHADES[2]: "layers between", SHADES[-1]: "output layer"}
    add_key(
        figure,
        view,
        [
            Line2D([], [], color=shades(GREY, len(SHADES))[place], label=label)
            for place, label in named.items()
        ],
    )
    return figure


def draw_layers(axes: Axes, points: pd.DataFrame) -> None:
    """One panel's layers."""
    for layer, line in points.sort_values("x").groupby("layer"):
        output = int(line["depth"].iloc[0]) + 1
        place = round((len(SHADES) - 1) * (int(str(layer)) - 1) / (output - 1))
        colour = shades(pick(line["activation"], COLOURS), len(SHADES))[place]
        if output <= len(SHADES) or layer in (
            1,
            output,
        ):  # the bands of more layers cover one another
            axes.fill_between(
                line["x"], line["low"], line["high"], color=colour, alpha=0.12, linewidth=0
            )
        axes.plot(line["x"], line["value"], color=colour)


def fans(view: View) -> Figure:
    """Nested bands of the quantiles of the entries around their median."""
    figure = panels(view, draw_fan)
    add_key(figure, view, [Line2D([], [], color=GREY, label="median entry")])
    return figure


def draw_fan(axes: Axes, points: pd.DataFrame) -> None:
    """One panel's bands and line."""
    for _, line in points.sort_values("x").groupby("arm", observed=True):
        entries, colour = np.stack(list(line["entries"])), pick(line["activation"], COLOURS)
        for low, high, opacity in FANS:
            below, above = entries[:, QUANTILES.index(low)], entries[:, QUANTILES.index(high)]
            axes.fill_between(line["x"], below, above, color=colour, alpha=opacity, linewidth=0)
        axes.plot(line["x"], line["value"], color=colour, linewidth=1.0)
