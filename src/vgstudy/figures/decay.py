"""Decay factors: against depth at the start and at the end of training, and over epochs."""

from vgstudy.figures.frames import Frames, chosen, optimizers, untrained
from vgstudy.figures.theory import theory_note, with_theory
from vgstudy.figures.view import (
    BLOCKS,
    DEPTH,
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


def decay_depth_start(frames: Frames) -> View:
    """d_g and d_delta before any update against depth, with what theory predicts."""
    shown = untrained(chosen(frames.estimates, quantity=list(DECAY_AXES), epoch=0))
    note = (
        f"At epoch 0 no update has been made, so the optimizer plays no part; shown are the cells of {optimizers(shown)}. "
        f"{theory_note(frames)}"
    ).strip()
    shown = with_theory(shown, frames)
    return View(
        shown.assign(x=shown["depth"].astype(int)), DECAY_AXES, DEPTH, note, BLOCKS, free=BLOCKS
    )


def decay_depth_end(frames: Frames) -> View:
    """d_g and d_delta at the last probed epoch against depth, by optimizer."""
    decay = chosen(frames.estimates, quantity=list(DECAY_AXES))
    last = decay["epoch"].max()
    shown = chosen(decay, epoch=last)
    note = f"Epoch {last:.0f}."
    return View(
        shown.assign(x=shown["depth"].astype(int)),
        DECAY_AXES,
        DEPTH,
        note,
        BLOCKS,
        ("optimizer",),
        BLOCKS,
    )


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
