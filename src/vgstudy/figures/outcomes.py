"""What came of training: every run accounted for."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.frames import Frames
from vgstudy.figures.registry import figure
from vgstudy.figures.style import STATUS_LOOKS, Look
from vgstudy.figures.view import DEPTH, Axis, View, in_rows
from vgstudy.formatting import listing, plural
from vgstudy.planning.study_cells import arm_cells
from vgstudy.schema import FACTORS, RUN_STATUSES

MISSING = "missing"
STATUSES = (*RUN_STATUSES, MISSING)


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
    caption="Share of each network's runs by outcome.",
    details="Slow: not learned, but the training loss still falls. Stuck: neither; it may learn if "
    "trained longer. Dead: a layer's gradient is exactly zero.",
    needs="the study has no runs",
)
def accounting(frames: Frames) -> View:
    """Select shares of the runs of each network by status: a bar for each depth, or each arm."""
    rows, by_name = counted(frames, list(FACTORS)), bool(frames.study.get("arms"))
    rows = rows.melt(list(FACTORS), var_name="status", value_name="runs", ignore_index=True)
    total = rows.groupby(list(FACTORS), observed=True)["runs"].transform("sum")
    share = rows["runs"] / total
    rows = rows.assign(share=share, quantity="share", value=share, n=total)
    shares = Axis("share of runs", limits=(0, 1))
    common: dict[str, Any] = {
        "note": f"{plural(len(frames.runs), 'run')} in the design.",
        "key": status_key(rows),
        "takeaway": fates(frames),
    }
    if by_name:
        rows, axes = in_networks(frames, rows)
        rows = rows.assign(x=rows["value"])
        return View(rows, axes, shares, across=(), line=("status",), panel=draw_rows, **common)
    return View(
        rows.assign(x=rows["depth"].astype(int)),
        {"share": shares},
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


def in_networks(frames: Frames, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Axis]]:
    """Return the rows of the study's arms below one another, each with its `row_name`, in the order
    of the arms; and their vertical axis."""
    names, keys = network_names(frames), list(FACTORS)
    cells = frames.runs[["cell", *keys]].drop_duplicates("cell")
    cells = cells.assign(row_name=cells["cell"].map(names)).dropna()
    rows = rows.drop(columns="cell", errors="ignore").merge(cells, on=keys)
    order = {name: place for place, name in enumerate(names.values())}
    rows = rows.sort_values("row_name", key=lambda column: column.map(order), kind="stable")
    return in_rows(rows, "row_name", label="")


def network_names(frames: Frames) -> dict[str, str]:
    """Return the name of each cell of the study's arms with its depth and activation: ``A2: 5 tanh
    layers``."""
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
    shares = points.pivot_table(index="place", columns="status", values="value", aggfunc="sum")
    axes.grid(visible=False)
    stack_bars(axes.barh, shares, 0.8)


def draw_statuses(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a stacked bar for every depth, and the share of the panel's runs that learned."""
    shares = points.pivot_table(index="x", columns="status", values="value", aggfunc="sum")
    stack_bars(axes.bar, shares, 0.9)
    learned = points.loc[points["status"] == "learned", "runs"].sum() / points["runs"].sum()
    box: Any = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
    place: Any = {"transform": axes.transAxes, "ha": "right", "va": "top", "size": 7}
    axes.text(0.98, 0.95, f"{100 * learned:.0f} % learn", bbox=box, **place)


def stack_bars(draw: Callable[..., Any], shares: pd.DataFrame, thickness: float) -> None:
    """Draw the shares of each status, a column each, on top of those before, a bar for each row;
    `draw` is the panel's `bar` or `barh`."""
    floor = 0 * shares.iloc[:, 0]
    for status, look in STATUS_LOOKS.items():
        if status in shares:
            some = shares[status] > 0
            draw(
                shares.index[some],
                shares[status][some],
                thickness,
                floor[some],
                linewidth=0,
                **look,
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
