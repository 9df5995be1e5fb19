"""Networks at the learning rate that suits each best, and remedies compared there seed by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.frames import Frames
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, Look, activation_key, colours
from vgstudy.figures.view import Axis, View, in_rows
from vgstudy.formatting import levels_text, plural

# factors in the name of a network, as it is read
IN_NAME = ("activation", "initializer", "optimizer", "depth", "width", "remedy")
DOT: Look = {"color": GREY, "marker": "o", "markersize": 5, "linewidth": 1.0}
OPEN_OR_FULL: tuple[Look, ...] = (
    {**DOT, "label": "at the given rate", "fillstyle": "none", "linestyle": ""},
    {**DOT, "label": "at its best rate"},
)


def has_several_rates(study: Mapping[str, Any]) -> bool:
    """Return whether a study chooses among learning rates."""
    return bool(study.get("choosing_seeds")) and len(study["factors"]["rate_factor"]) > 1


def is_paired(study: Mapping[str, Any]) -> bool:
    """Return whether a study compares levels seed by seed."""
    return bool(study.get("streams") == "shared" and study["contrasts"])


@figure(
    "best-rates",
    title="At the given learning rate and at the best one",
    caption="Share of seeds that learned: open at the given rate, full at the network's best.",
    details="Other seeds chose the best rate.",
    needs="no seeds are left to estimate with",
    is_of=has_several_rates,
)
def best_rates(frames: Frames) -> View:
    """Select the share of learned runs of each network at rate factor 1 and at its best."""
    rows = frames.best_rates
    rows = rows[rows["value"].notna()].sort_values(list(IN_NAME), kind="stable")
    varied = _varied(rows, IN_NAME)
    names = [
        f"{levels_text(row, varied)}: rate × {row['rate_factor']:g}" for _, row in rows.iterrows()
    ]
    seeds = int(rows["n"].max()) if len(rows) else 0
    better = int((rows["low"] > rows["at_one"]).sum())
    rows, axes = in_rows(rows.assign(quantity="network", name=names, x=rows["value"]), "name")
    return View(
        rows.drop(columns="n"),
        axes,
        Axis("share of seeds that learned", limits=(-0.02, 1.02)),
        f"{plural(seeds, 'seed')} estimate.",
        across=(),
        line=("name",),
        panel=draw_best_rates,
        key=[*activation_key(rows), *OPEN_OR_FULL],
        takeaway=f"{better} of {plural(len(rows), 'network')} learn more often at another learning "
        "rate than the given one",
    )


def _varied(rows: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Return the factors that have several levels, the activation always."""
    return [name for name in factors if name == "activation" or rows[name].nunique() > 1]


def draw_best_rates(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a row for every network, from its share at the given rate to that at its best."""
    palette = colours(points)
    for activation, rows in points.groupby("activation", observed=True):
        look: Any = {"color": palette[str(activation)], "linewidth": 1.0}
        axes.hlines(rows["place"], rows["at_one"], rows["x"], linestyle=":", **look)
        axes.hlines(rows["place"], rows["low"], rows["high"], **look)
        axes.plot(rows["at_one"], rows["place"], "o", fillstyle="none", markersize=5, **look)
        axes.plot(rows["x"], rows["place"], "o", markersize=5, **look)


@figure(
    "paired",
    title="What a change cures and harms, seed by seed",
    caption="Share of seeds that learned, less that of the same seeds with the reference, each "
    "network at its best rate.",
    needs="no two networks differ in a declared contrast alone",
    is_of=is_paired,
)
def paired(frames: Frames) -> View:
    """Select the paired differences of each contrast, a row for each network."""
    rows = frames.paired
    rows = rows.assign(
        quantity=rows["factor"].astype("str") + " against\n" + rows["reference"].astype("str"),
        name="",
        level="",
    )
    for _, some in rows.groupby("quantity", sort=False):
        factor = str(some["factor"].iloc[0])
        varied = _varied(some, [name for name in IN_NAME if name != factor])
        names = [levels_text(row, varied) for _, row in some.iterrows()]
        rows.loc[some.index, "name"] = names
        rows.loc[some.index, "level"] = some[factor].astype("str")
    rows, axes = in_rows(rows.assign(x=rows["value"]), "name")
    seeds = int(rows["n"].max()) if len(rows) else 0
    return View(
        rows.drop(columns="n"),
        axes,
        Axis("difference of shares that learned", limits=(-1.05, 1.05)),
        f"{plural(seeds, 'seed')} each.",
        across=("level",),
        line=("name",),
        panel=draw_paired,
    )


def draw_paired(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a row for every network, its difference with its interval."""
    palette = colours(points)
    axes.axvline(0, color=GREY, linewidth=0.8)
    for activation, rows in points.groupby("activation", observed=True):
        look: Any = {"color": palette[str(activation)], "linewidth": 1.0}
        axes.hlines(rows["place"], rows["low"], rows["high"], **look)
        axes.plot(rows["x"], rows["place"], "o", markersize=4, **look)
