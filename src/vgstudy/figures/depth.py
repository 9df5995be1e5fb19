"""How deep networks still learn: the depth limit, accuracy against depth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, Look, activation_key, colours, draw_interval
from vgstudy.figures.view import DEPTH, SETTING, Axis, View, axes_of
from vgstudy.formatting import levels_text, plural

MARKERS = {"inside": "o", "deeper": "^", "shallower": "v"}
# of each fit of a limit: its name in the key, the filling of its marker, the dash of its interval
FITS = {
    "monotone": ("limit", "full", "-"),
    "interpolated": ("between depths", "none", "-"),
    "not monotone": ("no one limit", "none", ":"),
}
NAMED_BY = ("activation", "initializer", "optimizer", "width")
BAND = ("low", "high", "method")
HALF = 0.5
APART = 0.18  # of the distance between initializers, from one activation to the next


def has_depths(study: Mapping[str, Any]) -> bool:
    """Return whether figures against depth suit a study: it has no arms, or one of several depths.

    A study of arms that varies remedies or learning rates has too many lines for them.
    """
    arms, factors = study.get("arms") or {}, study["factors"]
    is_plain = len(factors["remedy"]) == len(factors["rate_factor"]) == 1
    depths = [arm.get("depth") or factors["depth"] for arm in arms.values()]
    return not arms or (is_plain and any(len(each) > 1 for each in depths))


@figure(
    "depth-limit",
    title="How deep half the seeds still learn",
    caption="Depth at which the fitted share of seeds that learn falls to one half.",
    details="The fit never rises with depth. A triangle up: half the seeds learn even in the "
    "deepest networks; down: not even in the shallowest. An interval that ends at the edge may "
    "reach beyond it. Open: the limit lies between depths that are far apart; only these two are "
    "known. Open and dotted: P(learned) rises with depth by more than chance explains (p below "
    ".05), so there is no one limit.",
    needs="no network was trained at two depths, all else equal",
    is_of=has_depths,
)
def depth_limit(frames: Frames) -> View:
    """Select the limits.

    Limits and interval ends outside the depths run are drawn at the edge.

    Initializers are the horizontal axis.
    """
    takeaway = deepest_and_shallowest(frames.limits)
    rows = frames.limits
    edge = rows["deepest"].where(rows["range"] == "deeper", rows["shallowest"])
    initializers = list(frames.study["factors"]["initializer"])
    deepest = 0 if rows.empty else int(rows["deepest"].max())
    counts = f"{plural(int(rows['n'].sum()), 'run')} of {plural(len(rows), 'setting')}."
    rows = rows.assign(
        quantity="limit",
        x=rows["initializer"].astype("str").map(initializers.index).astype(int),
        value=rows["value"].fillna(edge),
        low=rows["low"].fillna(rows["shallowest"]),
        high=rows["high"].fillna(rows["deepest"]),
    ).drop(columns="n")
    return View(
        rows,
        {"limit": Axis("depth at which half\nthe seeds still learn", limits=(0, deepest + 1))},
        Axis("initializer", names=tuple(initializers)),
        across=("width",),
        down=("optimizer",),
        line=SETTING,
        counts=counts,
        panel=draw_limits,
        key=limit_key(rows),
        takeaway=takeaway,
    )


def with_limit(limits: pd.DataFrame) -> pd.DataFrame:
    """Return the limits inside the depths run, the shallowest first; without settings in which
    P(learned) rises with depth."""
    return limits[(limits["range"] == "inside") & has_one(limits)].sort_values("value")


def has_one(limits: pd.DataFrame) -> "pd.Series[bool]":
    """Return which settings have one limit."""
    return limits["fit"] != "not monotone"


def without_limit(limits: pd.DataFrame) -> str:
    """Say in how many settings half the seeds learn at every depth, at none, or at no one limit."""
    counts = limits.loc[has_one(limits), "range"].value_counts()
    texts = {
        f"do even with {limits['deepest'].max():.0f}": counts.get("deeper", 0),
        f"not even with {limits['shallowest'].min():.0f}": counts.get("shallower", 0),
        "have no single limit": int((~has_one(limits)).sum()),
    }
    named = [f"{count} {text}" for text, count in texts.items() if count]
    return f"of {plural(len(limits), 'setting')}, {', '.join(named)}" if named else ""


def deepest_and_shallowest(limits: pd.DataFrame) -> str:
    """Say between which depth limits the settings lie, in whole layers, and how many have none."""
    known = with_limit(limits)
    if known.empty:
        return ""
    ends = (row for _, row in known.iloc[sorted({0, len(known) - 1})].iterrows())
    texts = (f"{int(row['value'])} ({levels_text(row, NAMED_BY)})" for row in ends)
    start = f"Half the seeds still learn with {' to '.join(texts)} layers"
    return "; ".join(filter(None, [start, without_limit(limits)]))


def draw_limits(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the limits of a panel, activations side by side at each initializer."""
    axes.locator_params(axis="y", nbins=6, integer=True)
    palette = colours(points)
    codes = points["activation"].cat.remove_unused_categories().cat.codes
    points = points.assign(x=points["x"] + APART * (codes - codes.max() / 2))
    for (activation, kind, fit), rows in points.groupby(
        ["activation", "range", "fit"], observed=True
    ):
        _, filling, dash = FITS[str(fit)]
        colour = palette[str(activation)]
        axes.vlines(rows["x"], rows["low"], rows["high"], color=colour, linewidth=1, linestyle=dash)
        mark: Any = {"marker": MARKERS[str(kind)], "fillstyle": filling, "markersize": 5}
        axes.plot(rows["x"], rows["value"], color=colour, linestyle="", **mark)


def limit_key(frame: pd.DataFrame) -> list[Look]:
    """Return the activations, what triangles mean, and the fits if there are several."""
    plain: Look = {"color": GREY, "marker": "o", "markersize": 5, "linewidth": 1.0}
    fits = set(frame["fit"])
    ranges = {
        "deeper": f"deeper than {frame['deepest'].max():.0f}",
        "shallower": f"shallower than {frame['shallowest'].min():.0f}",
    }
    return [
        *activation_key(frame),
        *(
            {**plain, "label": label, "marker": MARKERS[kind], "linestyle": ""}
            for kind, label in ranges.items()
            if kind in set(frame["range"])
        ),
        *(
            {**plain, "label": label, "fillstyle": filling, "linestyle": dash}
            for fit, (label, filling, dash) in FITS.items()
            if fit in fits and fits != {"monotone"}
        ),
    ]


PERFORMANCE = ("p_learned", "test_accuracy", "train_accuracy")
CAPTION = "Dots: single depths at the last epoch. Lines: a curve that never rises with depth."
DETAILS = (
    "Share that learned, and mean accuracies without diverged runs. Where dots rise, the curve "
    "stays level."
)
NOTHING = "no run has an outcome"


@figure(
    "performance-narrow",
    title="Performance by depth, narrowest networks",
    caption=CAPTION,
    details=DETAILS,
    needs=NOTHING,
    is_of=has_depths,
)
def performance_narrow(frames: Frames) -> View:
    """Select the performance of the smallest width."""
    return performance(frames, min(frames.study["factors"]["width"]))


@figure(
    "performance-wide",
    title="Performance by depth, widest networks",
    caption=CAPTION,
    details=DETAILS,
    needs=NOTHING,
    is_of=lambda study: has_depths(study) and len(study["factors"]["width"]) > 1,
)
def performance_wide(frames: Frames) -> View:
    """Select the performance of the largest width."""
    return performance(frames, max(frames.study["factors"]["width"]))


def performance(frames: Frames, width: int) -> View:
    """Select values at single depths and the curve fitted to them, by quantity.

    Where a setting has one depth, its own interval stands in for the band.
    """
    names = list(PERFORMANCE)
    rows = chosen(frames.estimates, quantity=names, epoch=frames.last_epoch, width=width)
    curves = frames.depth_curves[["cell", "quantity", "value", "low", "high", "method"]]
    curves = curves.rename(columns={"value": "fit"})
    rows = rows.merge(curves, on=["cell", "quantity"], how="left", suffixes=("_single", ""))
    fitted = rows["fit"].notna()
    own = {name: rows[name].where(fitted, rows[f"{name}_single"]) for name in BAND}
    above = frames.study["outcome"]["learned_above"]
    chance = {f"chance {frames.chance:g}": frames.chance}
    marks = {f"learned above {above:g}": above, **chance}
    shares = rows[rows["quantity"] == "p_learned"]
    return View(
        rows.assign(x=rows["depth"].astype(int), **own),
        {
            **axes_of("p_learned", limits=(-0.03, 1.03)),
            **axes_of("test_accuracy", marks=marks),
            **axes_of("train_accuracy", marks=chance),
        },
        DEPTH,
        f"{width} wide, epoch {frames.last_epoch}." if len(rows) else "",
        across=("initializer", "optimizer"),
        line=SETTING,
        simultaneous=True,
        panel=draw_performance,
        takeaway=half_learn(shares, width),
    )


def half_learn(shares: pd.DataFrame, width: int) -> str:
    """Say in how many settings at least half the seeds learn, in the shallowest and the deepest
    networks."""
    known = shares[shares["value"].notna()]
    if known.empty:
        return ""
    depths = known["depth"].astype(int)
    texts = []
    for depth in sorted({depths.min(), depths.max()}):
        some = known.loc[depths == depth, "value"]
        texts.append(f"{(some >= HALF).sum()} of {len(some)} with {plural(depth, 'layer')}")
    return f"Settings in which half the seeds learn, {width} wide: {', '.join(texts)}"


def draw_performance(axes: Axes, points: pd.DataFrame) -> None:
    """Draw values at single depths as dots, and each activation's curve with its band."""
    palette = colours(points)
    for activation, line in points.groupby("activation", observed=True):
        colour, known = palette[str(activation)], line[line["value"].notna()]
        axes.plot(known["x"], known["value"], "o", color=colour, markersize=2.4)
        axes.plot(known["x"], known["fit"], color=colour, linewidth=1.2)
        draw_interval(axes, known, colour)
