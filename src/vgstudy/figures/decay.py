"""Decay factors over epochs, and gradients that are exactly zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vgstudy.figures.frames import (
    OPTIMIZER,
    REFERENCE_DEPTH,
    Frames,
    at_depths,
    chosen,
    first_optimizer_only,
    optimizers,
)
from vgstudy.figures.profiles import depths_note
from vgstudy.figures.registry import figure
from vgstudy.figures.view import BLOCKS, DEPTH, EPOCH, SETTING, Axis, View, axes_of, with_bands

if TYPE_CHECKING:
    import pandas as pd

ZEROS = (
    "Share of seeds with a layer whose whole gradient is zero in float32, by cause: a layer of "
    "units that are off on every example; saturation, where float64 gives no zero; underflow. "
    "Causes that do not occur are not shown."
)
NO_ZEROS = "no layer's gradient is exactly zero"
CAUSES = {
    "p_zero_float32_dead": "dead units",
    "p_zero_float32_saturation": "saturation",
    "p_zero_float32_underflow": "underflow",
}


@figure(
    "decay-epochs",
    title="Decay factor during training",
    estimand="Decay factor per layer toward the input of the kernel gradient g and of the "
    "backpropagated signal δ: exp(−slope) of log RMS on the layer number over the square layers "
    "2 to L, geometric mean over seeds. Below 1 it vanishes toward the input, above 1 it explodes.",
    needs="a decay factor needs networks with at least 4 hidden layers and a gradient that is not "
    "zero",
)
def decay_epochs(frames: Frames) -> View:
    """Select d of g and of δ over epochs at one depth, by optimizer."""
    decays = ["d_g", "d_delta"]
    rows = at_depths(chosen(frames.estimates, quantity=decays), [REFERENCE_DEPTH])
    return View(
        with_bands(rows).assign(x=rows["epoch"]),
        axes_of(*decays, marks={"no decay": 1.0}),
        EPOCH,
        depths_note(rows),
        BLOCKS,
        (OPTIMIZER,),
        own_ranges=True,
        simultaneous=True,
    )


@figure(
    "zeros-start",
    title="Gradients that are exactly zero before training, by cause",
    estimand=ZEROS,
    needs=NO_ZEROS,
)
def zeros_start(frames: Frames) -> View:
    """Select shares of seeds by cause against depth before any update."""
    rows = first_optimizer_only(chosen(frames.estimates, quantity=list(CAUSES), epoch=0))
    note = f"Epoch 0, cells of {optimizers(rows)} (the optimizer plays no part yet)."
    return zeros_view(rows, note, ())


@figure(
    "zeros-end",
    title="Gradients that are exactly zero at the end of training, by cause",
    estimand=ZEROS,
    needs=NO_ZEROS,
)
def zeros_end(frames: Frames) -> View:
    """Select shares of seeds by cause against depth at the last probed epoch, by optimizer."""
    rows = chosen(frames.estimates, quantity=list(CAUSES))
    last = rows["epoch"].max()
    return zeros_view(chosen(rows, epoch=last), f"Epoch {last:.0f}.", (OPTIMIZER,))


def zeros_view(rows: pd.DataFrame, note: str, down: tuple[str, ...]) -> View:
    """Return the view of the causes that occur."""
    present = set(rows.loc[rows["value"] > 0, "quantity"])
    axes = {
        name: Axis(f"{cause}\n(share of seeds)", limits=(-0.04, 1.04))
        for name, cause in CAUSES.items()
        if name in present
    }
    rows = chosen(rows, quantity=list(axes))
    rows = rows.assign(x=rows["depth"].astype(int))
    return View(rows, axes, DEPTH, note, down=down, line=SETTING)
