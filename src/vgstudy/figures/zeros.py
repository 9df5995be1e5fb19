"""How often a layer's gradient is exactly zero in float32, and why."""

import pandas as pd

from vgstudy.figures.frames import OPTIMIZER, Frames, chosen, optimizers, untrained
from vgstudy.figures.view import DEPTH, Axis, View

ENDS = (-0.04, 1.04)
ZERO_AXES = {
    "p_zero_float32_dead": Axis("dead units\n(share of seeds)", limits=ENDS),
    "p_zero_float32_saturation": Axis("saturation\n(share of seeds)", limits=ENDS),
    "p_zero_float32_underflow": Axis("underflow\n(share of seeds)", limits=ENDS),
}


def zeros_start(frames: Frames) -> View:
    """Shares of seeds by cause against depth before any update."""
    rows = untrained(chosen(frames.estimates, quantity=list(ZERO_AXES), epoch=0))
    return _zeros(
        rows, f"Epoch 0, cells of {optimizers(rows)} (the optimizer plays no part yet).", ()
    )


def zeros_end(frames: Frames) -> View:
    """Shares of seeds by cause against depth at the last probed epoch, by optimizer."""
    last = chosen(frames.estimates, quantity=list(ZERO_AXES))["epoch"].max()
    return _zeros(
        chosen(frames.estimates, quantity=list(ZERO_AXES), epoch=last),
        f"Epoch {last:.0f}.",
        (OPTIMIZER,),
    )


def _zeros(rows: pd.DataFrame, note: str, down: tuple[str, ...]) -> View:
    occur = [name for name in ZERO_AXES if chosen(rows, quantity=name)["value"].gt(0).any()]
    shown = chosen(rows, quantity=occur)
    axes = {name: ZERO_AXES[name] for name in occur}
    return View(shown.assign(x=shown["depth"].astype(int)), axes, DEPTH, note, down=down)
