"""Decay factors: over epochs."""

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.view import (
    BLOCKS,
    EPOCH,
    REFERENCE_DEPTH,
    Axis,
    View,
    nearest,
    with_bands,
)

NO_DECAY = {"no decay": 1.0}
DECAY_AXES = {
    "d_g": Axis("decay factor of g\n(per layer)", "log", NO_DECAY),
    "d_delta": Axis("decay factor of δ\n(per layer)", "log", NO_DECAY),
}


def decay_epochs(frames: Frames) -> View:
    """d_g and d_delta over epochs at one depth, by optimizer."""
    decay = chosen(frames.estimates, quantity=list(DECAY_AXES))
    depths = nearest([REFERENCE_DEPTH], decay["depth"].astype(int))
    shown = chosen(decay, depth=depths)
    note = "".join(f"Depth {depth}." for depth in depths)
    return View(
        with_bands(shown).assign(x=shown["epoch"]),
        DECAY_AXES,
        EPOCH,
        note,
        BLOCKS,
        ("optimizer",),
        BLOCKS,
    )
