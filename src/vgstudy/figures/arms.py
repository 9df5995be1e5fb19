"""The networks of a tutorial over the epochs, as its readers know them: accuracy, and who has
learned."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, RED, Look, activation_key, draw_lines
from vgstudy.figures.view import MAX_COLUMNS, Axis, View, axes_of
from vgstudy.formatting import listing, percent, plural
from vgstudy.planning.study_cells import named_cells

BANDS = "Lines: medians; bands: the central 90 % of the seeds."
DEAD = "Above a panel: how many of its seeds ended dead, with a gradient of exactly zero."
EPOCHS = Axis("epoch")
MAX_POINTS = 60  # along a line
# the tutorial's single run
STAR: Look = {"color": RED, "marker": "*", "linestyle": "", "markersize": 8}
MEDIAN: Look = {"label": "median seed, central 90 % of the seeds", "color": GREY}
SINGLE_RUN: Look = {"label": "the tutorial's single run", **STAR}
# the share of seeds that learned, at the end
RING: Look = {"color": GREY, "marker": "o", "linestyle": "", "fillstyle": "none"}
LEARNED_KEY: tuple[Look, ...] = (
    {"label": "ever learned so far, 95 % band", "color": GREY},
    {"label": "learned at the end", **RING},
)

arms_figure = partial(
    figure,
    needs="each panel is of a single network: an arm must name one level of every factor, and its "
    "layers must not start from the same numbers",
    is_of=lambda study: bool(study.get("arms")),
)


@arms_figure(
    "arms-accuracy",
    title="Accuracy during training",
    caption=f"Accuracy of each epoch. {BANDS} Stars: the tutorial's single run.",
    details=f"Accuracy on the training rows is the running mean over an epoch. {DEAD}",
)
def accuracy(frames: Frames) -> View:
    """Select accuracy on training and test rows by epoch, with the tutorial's single run where it
    reports one.

    A tutorial's accuracy on the training rows is measured after training, as ours on the probe
    set.
    """
    names = ("train_accuracy", "test_accuracy")
    arms = rows_of_arms(frames)
    after = chosen(arms, quantity="probe_accuracy").set_index("arm")["reported"].dropna()
    rows = fewer_epochs(chosen(arms, quantity=list(names)))
    last = (rows["quantity"] == "train_accuracy") & (rows["epoch"] == frames.last_epoch)
    reported = rows["reported"].where(~last, rows["arm"].astype("str").map(after)).astype(float)
    rows = rows.assign(x=rows["epoch"], reported=reported)
    drawn = rows[["low", "value", "high", "reported"]].astype(float)
    limits = (drawn.min().min() - 0.03, drawn.max().max() + 0.03) if len(rows) else (0.0, 1.0)
    stars = [SINGLE_RUN] if rows["reported"].notna().any() else []
    key = [MEDIAN, *stars, *activation_key(rows)]
    return arms_view(frames, rows, axes_of(*names, limits=limits), key=key, panel=draw_run)


@arms_figure(
    "arms-learned",
    title="When seeds learn",
    caption="Share of seeds that have learned so far. Ring: at the end.",
    details=f"Learned: test accuracy above the threshold. {DEAD}",
)
def learned(frames: Frames) -> View:
    """Select the share of seeds that had learned by each tested epoch, and at the end."""
    rows = of_arms(frames, chosen(frames.trajectories, quantity="p_learned_by"))
    at_end = chosen(frames.estimates, quantity="p_learned").set_index("cell")["value"]
    is_last = rows["epoch"] == frames.last_epoch
    rows = rows.assign(x=rows["epoch"], at_end=rows["cell"].map(at_end).where(is_last))
    axes = axes_of("p_learned_by", limits=(0, 1))
    return arms_view(
        frames,
        rows,
        axes,
        key=[*LEARNED_KEY, *activation_key(rows)],
        line=("cell",),
        panel=draw_learned,
        simultaneous=True,
        takeaway=best_and_worst(rows),
    )


def best_and_worst(rows: pd.DataFrame) -> str:
    """Say which arm learns most often, and which least often."""
    ends = rows[rows["at_end"].notna()].sort_values("at_end")
    if len(ends) < 2:
        return ""
    worst, best = (row for _, row in ends.iloc[[0, -1]].iterrows())
    return (
        f"By the end, {percent(best['at_end'])} of the seeds of {best['arm']} have learned and "
        f"{percent(worst['at_end'])} of those of {worst['arm']}"
    )


def arms_view(
    frames: Frames,
    rows: pd.DataFrame,
    axes: Mapping[str, Axis],
    note: str = "",
    *,
    key: Sequence[Look],
    **details: Any,
) -> View:
    """Return a view with a column of panels for each arm; the note says which arms have none."""
    drawn = cells_of_arms(frames)
    others = [arm for arm in frames.study.get("arms", {}) if arm not in drawn]
    text = f"{note.strip()} Not shown: {listing(others)}." if others else note
    settings = {"x": EPOCHS, "across": ("arm", "network"), "line": ("cell", "layer"), **details}
    return View(rows, axes, note=text.strip(), key=key, **settings)


def cells_of_arms(frames: Frames) -> dict[str, str]:
    """Return the cell of each arm that has panels: those of one cell without tied kernels, as many
    as fit side by side."""
    study, design = frames.study, frames.runs.drop_duplicates("cell")
    tied = {name for name, level in study["factors"]["initializer"].items() if level.get("tied")}
    cells = {arm: named_cells(arm, study, design) for arm in study.get("arms", {})}
    single = {arm: pairs[0][0] for arm, pairs in cells.items() if len(pairs) == 1}
    initializer = design.set_index("cell")["initializer"].astype("str")
    independent = [arm for arm, cell in single.items() if initializer[cell] not in tied]
    return {arm: single[arm] for arm in independent[:MAX_COLUMNS]}


def rows_of_arms(frames: Frames) -> pd.DataFrame:
    """Return the medians and quantiles of the arms that have panels as a view has them."""
    return of_arms(
        frames, frames.arms.rename(columns={"q05": "low", "median": "value", "q95": "high"})
    )


def of_arms(frames: Frames, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the arms that have panels, with the arm's name as an ordered category and
    its network in words."""
    cells = cells_of_arms(frames)
    rows = rows[rows["cell"].isin(cells.values())]
    arms = rows["cell"].map({cell: arm for arm, cell in cells.items()})
    networks = rows["cell"].map({cell: network(frames, cell) for cell in cells.values()})
    return rows.assign(
        arm=pd.Categorical(arms, list(cells), ordered=True), network=networks.astype("str")
    )


def network(frames: Frames, cell: str) -> str:
    """Return depth and activation of a cell, and how many of its seeds ended dead, if any."""
    design = chosen(frames.runs, cell=cell).iloc[0]
    status = chosen(frames.outcomes, cell=cell)["status"]
    dead = int((status == "dead").sum())
    text = f"{design['depth']} hidden, {design['activation']}"
    return f"{text}\n{dead} of {plural(len(status), 'seed')} dead" if dead else text


def fewer_epochs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of at most `MAX_POINTS` epochs of every quantity, the first and the last
    among them."""
    kept = []
    for _, some in rows.groupby("quantity", sort=False):
        epochs = np.unique(some["epoch"])
        places = np.linspace(0, len(epochs) - 1, min(MAX_POINTS, len(epochs))).round().astype(int)
        kept.append(some[some["epoch"].isin(epochs[places])])
    return pd.concat(kept) if kept else rows


def draw_run(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the median seed of a panel with its band, and the tutorial's single run as a star."""
    draw_lines(axes, points)
    stars = points[points["reported"].notna()]
    if len(stars):
        reported = stars["reported"].astype(float)
        axes.plot(stars["x"], reported, **STAR, clip_on=False, zorder=5)


def draw_learned(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the share that has learned with its band, and the share at the end as a ring."""
    draw_lines(axes, points)
    axes.plot(points["x"], points["at_end"].astype(float), **RING, clip_on=False)
