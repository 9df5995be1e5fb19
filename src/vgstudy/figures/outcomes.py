"""What came of training: every run accounted for, the depth limit, accuracy against depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.lines import activation_key, draw_interval
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, STATUS_LOOKS, Look, colours
from vgstudy.figures.view import DEPTH, SETTING, Axis, View, axes_of
from vgstudy.formatting import plural
from vgstudy.schema import FACTORS, RUN_STATUSES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MISSING = "missing"
STATUSES = (*RUN_STATUSES, MISSING)
MARKERS = {"inside": "o", "deeper": "^", "shallower": "v"}
# of each fit of a limit: its name in the key, the filling of its marker, the dash of its interval
FITS = {
    "monotone": ("limit", "full", "-"),
    "interpolated": ("between depths", "none", "-"),
    "not monotone": ("no one limit", "none", ":"),
}
BAND = ("low", "high", "method")
APART = 0.18  # of the distance between initializers, from one activation to the next


@figure(
    "accounting",
    title="What became of every run",
    estimand="Share of the runs of each cell that learned, are slow (have not, but the training "
    "loss still falls), are stuck, have a dead gradient or diverged.",
    needs="the study has no runs",
)
def accounting(frames: Frames) -> View:
    """Select shares of the runs of each cell by status against depth."""
    counts = counted(frames, list(FACTORS))
    rows = counts.melt(list(FACTORS), var_name="status", value_name="runs", ignore_index=True)
    total = rows.groupby(list(FACTORS), observed=True)["runs"].transform("sum")
    rows = rows.assign(x=rows["depth"].astype(int), value=rows["runs"] / total, quantity="share")
    return View(
        rows,
        {"share": Axis("share of runs", limits=(0, 1))},
        DEPTH,
        f"{plural(len(frames.runs), 'run')} in the design.",
        down=("activation", "optimizer"),
        line=("status", "initializer", "optimizer", "width"),
        panel=draw_statuses,
        key=status_key,
    )


def counted(frames: Frames, by: list[str]) -> pd.DataFrame:
    """Count the runs of the design by status.

    The frame has the columns `by`, then a column per status; `missing` only where runs have no
    outcome.
    """
    outcomes = frames.outcomes[["cell", "seed", "status"]]
    runs = frames.runs.merge(outcomes, on=["cell", "seed"], how="left")
    status = runs["status"].fillna(MISSING).groupby([runs[name] for name in by], observed=True)
    counts = status.value_counts().unstack(fill_value=0)
    kept = [name for name in STATUSES if name != MISSING or name in counts]
    return counts.reindex(columns=kept, fill_value=0).reset_index()


def draw_statuses(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a stacked bar for every depth."""
    shares = points.pivot_table(index="x", columns="status", values="value", aggfunc="sum")
    floor = 0 * shares.iloc[:, 0]
    for status, look in STATUS_LOOKS.items():
        if status in shares:
            some = shares[status] > 0
            axes.bar(
                shares.index[some], shares[status][some], 0.9, floor[some], linewidth=0, **look
            )
            floor = floor + shares[status]


def status_key(frame: pd.DataFrame) -> list[Look]:
    """Return an entry for each status of the study."""
    present = set(frame.loc[frame["value"] > 0, "status"])
    return [
        {"label": status, "linewidth": 0, **look}
        for status, look in STATUS_LOOKS.items()
        if status in present
    ]


@figure(
    "depth-limit",
    title="Depth limit",
    estimand="Depth (hidden layers) at which half the seeds still learn: where P(learned), fitted "
    "by a line that never rises with depth, crosses one half. A triangle up: half the seeds learn "
    "even in the deepest networks, so the limit lies beyond the range; a triangle down: not even "
    "in the shallowest. An interval that ends at the edge may reach beyond it. Open: the limit "
    "lies between depths that are far apart; only these two are known, and the interval ends at "
    "them. Open and dotted: P(learned) rises with depth by more than chance explains (p below "
    ".05), so there is no one limit, and the interval is that of the nearest curve that never "
    "rises.",
    needs="no setting has outcomes at two depths",
)
def depth_limit(frames: Frames) -> View:
    """Select the limits; one beyond the range is drawn at its edge, and so are ends of intervals.

    Initializers are the horizontal axis.
    """
    rows = frames.limits
    edge = rows["deepest"].where(rows["range"] == "deeper", rows["shallowest"])
    initializers = list(frames.study["factors"]["initializer"])
    deepest = 0 if rows.empty else int(rows["deepest"].max())
    counts = f"{plural(int(rows['n'].sum()), 'run')} with an outcome"
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
        f"Fitted to {counts}, of {plural(len(rows), 'setting')}.",
        ("width",),
        ("optimizer",),
        line=SETTING,
        panel=draw_limits,
        key=limit_key,
    )


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
ESTIMAND = (
    "Dots: the share that learned and mean accuracies at the last epoch; diverged runs have no "
    "accuracy. Lines: a curve for each setting that never rises with depth, fitted to all its "
    "depths; where dots rise, it stays level."
)
NOTHING = "no run has an outcome"


@figure(
    "performance-narrow",
    title="Performance by depth, narrowest networks",
    estimand=ESTIMAND,
    needs=NOTHING,
)
def performance_narrow(frames: Frames) -> View:
    """Select the performance of the smallest width."""
    return performance(frames, min(frames.study["factors"]["width"]))


@figure(
    "performance-wide",
    title="Performance by depth, widest networks",
    estimand=ESTIMAND,
    needs=NOTHING,
    is_of=lambda study: len(study["factors"]["width"]) > 1,
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
    )


def draw_performance(axes: Axes, points: pd.DataFrame) -> None:
    """Draw values at single depths as dots, and each activation's curve with its band."""
    palette = colours(points)
    for activation, line in points.groupby("activation", observed=True):
        colour, known = palette[str(activation)], line[line["value"].notna()]
        axes.plot(known["x"], known["value"], "o", color=colour, markersize=2.4)
        axes.plot(known["x"], known["fit"], color=colour, linewidth=1.2)
        draw_interval(axes, known, colour)
