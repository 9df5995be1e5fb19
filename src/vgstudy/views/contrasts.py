"""Declared contrasts: how two levels of one factor differ in decay and in the share of seeds that learned."""

import pandas as pd

from vgstudy.frames import Frames
from vgstudy.views.view import DEPTH, Axis, View

RATIO_AXES = {
    "d_g": Axis("ratio of\ndecay factors of g", "log", {"equal": 1.0}),
    "d_delta": Axis("ratio of\ndecay factors of δ", "log", {"equal": 1.0}),
}
DIFFERENCE_AXIS = Axis("difference in\nP(learned)", marks={"equal": 0.0}, limits=(-1.04, 1.04))
OPTIMIZER = "optimizer"


def contrast(frames: Frames, factor: str) -> View:
    """Ratios of decay factors and differences in P(learned) between the levels of a factor and its reference, against depth.

    Decay factors are compared at epoch 0, the primary analysis; for optimizers, which play no part there, at the
    last probed epoch.
    """
    rows = frames.contrasts.query("factor == @factor")
    decays = rows[rows["quantity"].isin(list(RATIO_AXES))]
    epoch = (decays["epoch"].max() if factor == OPTIMIZER else 0) if len(decays) else 0
    ratios = decays[decays["epoch"] == epoch]
    if factor != OPTIMIZER:
        ratios = ratios[ratios[OPTIMIZER] == frames.first_optimizer]
    shown = pd.concat([ratios, rows[rows["quantity"] == "p_learned"]])
    pair = "against " + shown["reference_level"] if factor == "depth" else shown["level"] + " against " + shown["reference_level"]
    note = f"Decay factors at epoch {epoch:.0f}, P(learned) at the end of training."
    across = tuple(name for name in ("width", "initializer") if name != factor)
    axes = RATIO_AXES | {"p_learned": DIFFERENCE_AXIS}
    return View(shown.assign(x=shown["depth"].astype(int), pair=pair), axes, DEPTH, note, (*across, "pair"), (OPTIMIZER,))
