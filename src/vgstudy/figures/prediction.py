"""What predicts that a run will not learn: areas under the ROC curve, and a model's calibration."""

import numpy as np

from vgstudy.analysis.predictors import PREDICTORS
from vgstudy.claims.verdicts import FEWEST_OF_EACH
from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.view import Axis, View

RULES = {
    "autotrainer vanishing": "AUTOTRAINER's rule for vanishing gradients",
    "autotrainer dying": "AUTOTRAINER's rule for dying ReLU",
}
MODELS = {
    "depth and width": "depth and width",
    "gradients": "gradients before training",
    "everything": "both",
}
NAMES = {**PREDICTORS, **RULES}
AREAS = ("AUC", "AUC within cells")


def prediction(frames: Frames) -> View:
    """AUC of every predictor and rule, by group of runs, over all pairs of runs and within
    cells."""
    rows = chosen(frames.prediction, quantity=list(AREAS), predictor=list(NAMES))
    fewest = np.minimum(rows["failures"], rows["n"] - rows["n_failed"] - rows["failures"])
    told = rows[(fewest >= FEWEST_OF_EACH) & (rows["mixed"] > 0)]
    named = told.assign(x=told["value"], label=told["predictor"].map(NAMES))
    axis = Axis(
        "AUC: P(a run that failed has more of it than one that learned)",
        marks={"chance": 0.5},
        limits=(0, 1),
    )
    shown = named.drop(columns=["n", "n_failed"])
    missing = [group for group in dict.fromkeys(rows["group"]) if group not in set(told["group"])]
    few = (
        f"Too few failed or learned, or cells did so as a whole: {', '.join(missing)}."
        if missing
        else ""
    )
    note = " ".join(filter(None, (groups_note(frames), few)))
    return View(shown, dict.fromkeys(AREAS, axis), axis, note, across=("group",))


def calibration(frames: Frames) -> View:
    """Share of runs that failed against the predicted probability, by group of runs."""
    rows = chosen(frames.prediction, quantity="calibration", predictor=["gradients", "everything"])
    shown = rows.assign(label=rows["predictor"].map(MODELS)).drop(columns=["n", "n_failed"])
    axis = Axis("share of runs that failed", limits=(0, 1))
    note = f"{groups_note(frames)} The model of depth and width is left out: it has few different probabilities.".strip()
    return View(
        shown,
        {"calibration": axis},
        Axis("predicted probability of failure"),
        note,
        across=("group",),
    )


def groups_note(frames: Frames) -> str:
    """How many runs each group has, and how many of them failed."""
    counts = frames.prediction.groupby("group", sort=False)[["n", "failures"]].max()
    texts = [f"{row.Index} {row.n:,} ({row.failures:,} failed)" for row in counts.itertuples()]
    return f"Runs: {', '.join(texts)}." if texts else ""
