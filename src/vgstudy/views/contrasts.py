"""Declared contrasts: how two levels of one factor differ in decay and in the share of seeds that learned."""

import pandas as pd

from vgstudy.views.frames import OPTIMIZER, Frames, chosen, untrained
from vgstudy.views.view import DEPTH, Axis, View

RATIO_AXES = {
    "d_g": Axis("ratio of\ndecay factors of g", "log", {"equal": 1.0}),
    "d_delta": Axis("ratio of\ndecay factors of δ", "log", {"equal": 1.0}),
}
DIFFERENCE_AXIS = Axis("difference in\nP(learned)", marks={"equal": 0.0}, limits=(-1.04, 1.04))


def contrast(frames: Frames, factor: str) -> View:
    """Ratios of decay factors and differences in P(learned) between the levels of a factor and its reference, against depth.

    Decay factors are compared at epoch 0, the primary analysis; for optimizers, which play no part there, at the
    last probed epoch.
    """
    rows = chosen(frames.contrasts, factor=factor)
    decays = chosen(rows, quantity=list(RATIO_AXES))
    epoch = int(decays["epoch"].max()) if factor == OPTIMIZER and len(decays) else 0
    ratios = chosen(decays, epoch=epoch)
    ratios = ratios if factor == OPTIMIZER else untrained(ratios)
    ratios = ratios.assign(value=ratios["value"].where(ratios["low"].notna()))  # of one seed on a side: no interval, not drawn
    shown = pd.concat([ratios, chosen(rows, quantity="p_learned")])
    against = "against " + shown["reference_level"]
    pair = against if factor == "depth" else shown["level"] + " " + against + " wide" * (factor == "width")
    note = f"Decay factors at epoch {epoch}, P(learned) at the end of training."
    across: tuple[str, ...] = tuple(name for name in ("width", "initializer") if name != factor)
    down = () if factor == OPTIMIZER else (OPTIMIZER,)
    axes = RATIO_AXES | {"p_learned": DIFFERENCE_AXIS}
    across = (*across, "pair")
    return View(shown.assign(x=shown["depth"].astype(int), pair=pair), axes, DEPTH, note, across, down, across)
