"""What came of training: accuracy and share of seeds that learned against depth, and every run
accounted for."""

import pandas as pd

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.view import DEPTH, Axis, View
from vgstudy.formatting import plural
from vgstudy.schema import FACTORS, RUN_STATUSES

MISSING = "missing"
STATUSES = (*RUN_STATUSES, MISSING)


def accuracy_depth(frames: Frames) -> View:
    """Test accuracy at the last epoch against depth, by optimizer."""
    levels = {"learned above": frames.study["outcome"]["learned_above"], "chance": frames.chance}
    marks = {
        f"{name} {level:g}": float(level) for name, level in levels.items() if level is not None
    }
    return outcome_depth(
        frames, "test_accuracy", Axis("test accuracy\n(share of test rows)", marks=marks)
    )


def outcome_depth(frames: Frames, quantity: str, axis: Axis) -> View:
    """One quantity of the outcome at its last epoch against depth, by optimizer."""
    rows = chosen(frames.estimates, quantity=quantity)
    shown = chosen(rows, epoch=rows["epoch"].max())
    note = f"Epoch {shown['epoch'].max():.0f}." if len(shown) else ""
    return View(
        shown.assign(x=shown["depth"].astype(int)),
        {quantity: axis},
        DEPTH,
        note,
        down=("optimizer",),
    )


def accounting(frames: Frames) -> View:
    """Shares of the runs of each cell by status against depth, by activation and optimizer."""
    counts = counted(frames, list(FACTORS))
    shown = counts.melt(list(FACTORS), var_name="status", value_name="runs", ignore_index=True)
    total = shown.groupby(list(FACTORS), observed=True)["runs"].transform("sum")
    shown = shown.assign(
        x=shown["depth"].astype(int), value=shown["runs"] / total, quantity="share"
    )
    axis = Axis("share of runs", limits=(0, 1))
    note = f"{plural(len(frames.runs), 'run')} in the design."
    return View(shown, {"share": axis}, DEPTH, note, down=("activation", "optimizer"))


def counted(frames: Frames, by: list[str]) -> pd.DataFrame:
    """Runs of the design by status: the columns `by`, then a column per status; `missing` only
    where runs have no outcome."""
    runs = frames.runs.merge(
        frames.outcomes[["cell", "seed", "status"]], on=["cell", "seed"], how="left"
    )
    status = runs["status"].fillna(MISSING)
    counts = (
        status.groupby([runs[name] for name in by], observed=True)
        .value_counts()
        .unstack(fill_value=0)
    )
    kept = [name for name in STATUSES if name != MISSING or name in counts]
    return counts.reindex(columns=kept, fill_value=0).reset_index()
