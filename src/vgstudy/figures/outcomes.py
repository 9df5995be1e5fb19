"""What came of training: every run accounted for, the depth limit, accuracy against depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.lines import activation_key, draw_interval
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, STATUS_LOOKS, Look, colours
from vgstudy.figures.view import DEPTH, SETTING, Axis, View, axes_of
from vgstudy.formatting import level_text, listing, plural
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


# what most of the failed networks of an activation do
FAILING = {
    "slow": "are still learning",
    "stuck": "get stuck",
    "dead": "die",
    "diverged": "diverge",
}
MOST_ACTIVATIONS = 3


@figure(
    "accounting",
    title="What became of every run",
    caption="Share of each network's runs that learned, are slow, got stuck, died (a gradient of "
    "exactly zero) or diverged.",
    details="Slow: not learned, but the training loss still falls. Stuck: neither.",
    needs="the study has no runs",
)
def accounting(frames: Frames) -> View:
    """Select shares of the runs of each network by status: a bar for each depth, or each arm."""
    rows, by_name = counted(frames, list(FACTORS)), bool(frames.study.get("arms"))
    rows = rows.melt(list(FACTORS), var_name="status", value_name="runs", ignore_index=True)
    total = rows.groupby(list(FACTORS), observed=True)["runs"].transform("sum")
    share = rows["runs"] / total
    rows = rows.assign(share=share, quantity="share", value=share, n=total)
    common: dict[str, Any] = {
        "note": f"{plural(len(frames.runs), 'run')} in the design.",
        "key": status_key,
        "takeaway": fates(frames),
    }
    if by_name:
        rows, network = with_networks(frames, rows)
        rows = rows.assign(x=rows["share"], value=rows["place"].astype(float))
        axes, x = {"share": network}, Axis("share of runs", limits=(0, 1))
        return View(rows, axes, x, across=(), line=("status",), panel=draw_rows, **common)
    return View(
        rows.assign(x=rows["depth"].astype(int)),
        {"share": Axis("share of runs", limits=(0, 1))},
        DEPTH,
        down=("activation", "optimizer"),
        line=("status", "initializer", "optimizer", "width"),
        panel=draw_statuses,
        **common,
    )


def fates(frames: Frames) -> str:
    """Say what share of the runs learns, and what most of the others do, by activation."""
    if frames.runs.empty:
        return ""
    ends = frames.outcomes
    share = (ends["status"] == "learned").sum() / len(frames.runs)
    start = f"{100 * share:.0f} % of the runs learn"
    texts = main_failures(ends)
    return f"{start}; of those that fail, {listing(texts)}" if texts else start


def main_failures(ends: pd.DataFrame) -> list[str]:
    """Return what most of the failed runs of an activation do, of those with most such runs."""
    failed = ends[ends["status"].isin(FAILING)].astype({"activation": "str", "status": "str"})
    doing: dict[str, list[str]] = {}
    for activation in failed["activation"].value_counts().index[:MOST_ACTIVATIONS]:
        kinds = failed.loc[failed["activation"] == activation, "status"].value_counts()
        if kinds.iloc[0] > kinds.sum() / 2:
            doing.setdefault(FAILING[str(kinds.index[0])], []).append(activation)
    return [f"most {listing(names)} networks {what}" for what, names in doing.items()]


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


def with_networks(frames: Frames, rows: pd.DataFrame) -> tuple[pd.DataFrame, Axis]:
    """Return the rows of the study's arms with the `place` and the `row_name` of each, and a
    vertical axis with room for them, the first at the top."""
    named, keys = network_names(frames), list(FACTORS)
    cells = frames.runs[["cell", *keys]].drop_duplicates("cell")
    cells = cells.assign(row_name=cells["cell"].map(named)).dropna()
    rows = rows.drop(columns="cell", errors="ignore").merge(cells, on=keys)
    present = [name for name in named.values() if name in set(rows["row_name"])]
    place = rows["row_name"].map(dict(zip(present, range(len(present)), strict=True)))
    return rows.assign(place=place), Axis("", limits=(len(present) - 0.5, -0.5))


def network_names(frames: Frames) -> dict[str, str]:
    """Return the name of each cell of the study's arms with its depth and activation: ``A2: 5 tanh
    layers``."""
    from vgstudy.claims.networks import arm_cells

    design = frames.runs.drop_duplicates("cell").set_index("cell")
    names = {}
    for cell, name in arm_cells(frames.study, frames.runs):
        row = design.loc[cell]
        what = f"{row['depth']} {row['activation']} {'layer' if row['depth'] == 1 else 'layers'}"
        is_named = str(row["activation"]).split()[0] in name
        names[cell] = name if is_named else f"{name}: {what}"
    return names


def draw_rows(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a stacked horizontal bar for every network."""
    shares = points.pivot_table(index="value", columns="status", values="x", aggfunc="sum")
    names = points.drop_duplicates("value").sort_values("value")
    axes.set_yticks(names["value"], names["row_name"])
    axes.grid(visible=False)
    floor = 0 * shares.iloc[:, 0]
    for status, look in STATUS_LOOKS.items():
        if status in shares:
            some = shares[status] > 0
            axes.barh(
                shares.index[some], shares[status][some], 0.8, floor[some], linewidth=0, **look
            )
            floor = floor + shares[status]


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
    present = set(frame.loc[frame["share"] > 0, "status"])
    return [
        {"label": status, "linewidth": 0, **look}
        for status, look in STATUS_LOOKS.items()
        if status in present
    ]


def is_crossed(study: Mapping[str, Any]) -> bool:
    """Return whether a study crosses its factors; one of named networks has too few depths."""
    return not study.get("arms")


@figure(
    "depth-limit",
    title="How deep half the seeds still learn",
    caption="Depth at which a curve of P(learned) that never rises crosses one half.",
    details="A triangle up: half the seeds learn even in the deepest networks; down: not even in "
    "the shallowest. An interval that ends at the edge may reach beyond it. Open: the limit lies "
    "between depths that are far apart; only these two are known. Open and dotted: P(learned) "
    "rises with depth by more than chance explains (p below .05), so there is no one limit.",
    needs="no setting has outcomes at two depths",
    is_of=is_crossed,
)
def depth_limit(frames: Frames) -> View:
    """Select the limits; one beyond the range is drawn at its edge, and so are ends of intervals.

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
        key=limit_key,
        takeaway=takeaway,
    )


def deepest_and_shallowest(limits: pd.DataFrame) -> str:
    """Say between which depth limits the settings lie."""
    known = limits[limits["value"].notna()].sort_values("value")
    if known.empty:
        return ""
    beyond = limits[limits["range"] == "deeper"]
    first, last = (row for _, row in known.iloc[[0, -1]].iterrows())
    end = (
        f"more than {beyond['deepest'].max():.0f} ({network_words(beyond.iloc[0])})"
        if len(beyond)
        else f"{last['value']:.0f} ({network_words(last)})"
    )
    return (
        f"Half the seeds still learn with {first['value']:.0f} layers ({network_words(first)}) "
        f"to {end}"
    )


def network_words(row: pd.Series[Any]) -> str:
    """Return activation, initializer and width of a setting."""
    return ", ".join(level_text(name, row[name]) for name in ("activation", "initializer", "width"))


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
    is_of=is_crossed,
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
    is_of=lambda study: is_crossed(study) and len(study["factors"]["width"]) > 1,
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
