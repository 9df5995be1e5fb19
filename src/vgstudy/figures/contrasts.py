"""Declared contrasts: how two levels of one factor differ in decay and in the share of seeds that
learned."""

import pandas as pd

from vgstudy.figures.frames import OPTIMIZER, Frames, chosen, untrained
from vgstudy.figures.view import DEPTH, Axis, View

RATIO_AXES = {
    "d_g": Axis("ratio of\ndecay factors of g", "log", {"equal": 1.0}),
    "d_delta": Axis("ratio of\ndecay factors of δ", "log", {"equal": 1.0}),
}
DIFFERENCE_AXES = {
    "p_learned": Axis("difference in\nP(learned)", marks={"equal": 0.0}, limits=(-1.04, 1.04)),
    "test_accuracy": Axis("difference in\ntest accuracy", marks={"equal": 0.0}),
}


def contrast(frames: Frames, factor: str) -> View:
    """Ratios of decay factors and differences in P(learned) between the levels of a factor and its
    reference, against depth.

    Decay factors are compared at epoch 0, the primary analysis; for optimizers, which play no part
    there, at the last probed epoch. Test accuracies are shown where the study declares them.
    """
    declared = {
        name
        for each in frames.study["contrasts"]
        if each["factor"] == factor
        for name in each["quantities"]
    }
    differences = {
        name: axis
        for name, axis in DIFFERENCE_AXES.items()
        if name == "p_learned" or name in declared
    }
    rows = chosen(frames.contrasts, factor=factor)
    decays = chosen(rows, quantity=list(RATIO_AXES))
    epoch = int(decays["epoch"].max()) if factor == OPTIMIZER and len(decays) else 0
    ratios = chosen(decays, epoch=epoch)
    ratios = ratios if factor == OPTIMIZER else untrained(ratios)
    ratios = ratios.assign(
        value=ratios["value"].where(ratios["low"].notna())
    )  # of one seed on a side: no interval, not drawn
    ends = chosen(rows, quantity=list(differences))
    shown = pd.concat([ratios, ends[ends["epoch"] == ends["epoch"].max()]])
    against = "against " + shown["reference_level"]
    pair = (
        against
        if factor == "depth"
        else shown["level"] + " " + against + " wide" * (factor == "width")
    )
    note = f"Decay factors at epoch {epoch}, P(learned){' and test accuracy' * (len(differences) > 1)} at the end of training."
    across: tuple[str, ...] = tuple(name for name in ("width", "initializer") if name != factor)
    down = () if factor == OPTIMIZER else (OPTIMIZER,)
    axes = RATIO_AXES | differences
    across = (*across, "pair")
    return View(
        shown.assign(x=shown["depth"].astype(int), pair=pair),
        axes,
        DEPTH,
        note,
        across,
        down,
        across,
    )
