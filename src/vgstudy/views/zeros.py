"""How often a layer's gradient is exactly zero in float32, and why."""

from vgstudy.views.frames import Frames, chosen
from vgstudy.views.view import DEPTH, Axis, View

ENDS = (-0.04, 1.04)
ZERO_AXES = {
    "p_zero_float32_dead": Axis("dead units\n(share of seeds)", limits=ENDS),
    "p_zero_float32_saturation": Axis("saturation\n(share of seeds)", limits=ENDS),
    "p_zero_float32_underflow": Axis("underflow\n(share of seeds)", limits=ENDS),
}


def zeros_start(frames: Frames) -> View:
    """Shares of seeds by cause against depth before any update."""
    note = f"Epoch 0, cells of {frames.first_optimizer} (the optimizer plays no part yet)."
    return _zeros(frames, 0, note, frames.first_optimizer)


def zeros_end(frames: Frames) -> View:
    """Shares of seeds by cause against depth at the last probed epoch, by optimizer."""
    last = chosen(frames.estimates, quantity=list(ZERO_AXES))["epoch"].max()
    return _zeros(frames, last, f"Epoch {last:.0f}.")


def _zeros(frames: Frames, epoch: int, note: str, optimizer: str | None = None) -> View:
    rows = chosen(frames.estimates, quantity=list(ZERO_AXES), epoch=epoch)
    rows = rows if optimizer is None else chosen(rows, optimizer=optimizer)
    occur = [name for name in ZERO_AXES if chosen(rows, quantity=name)["value"].gt(0).any()]
    shown = chosen(rows, quantity=occur)
    axes = {name: ZERO_AXES[name] for name in occur}
    down = () if optimizer else ("optimizer",)
    return View(shown.assign(x=shown["depth"].astype(int)), axes, DEPTH, note, down=down)
