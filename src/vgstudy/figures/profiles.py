"""Layer by layer: profiles before and after training, decay factors and weights over epochs."""

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
from vgstudy.figures.lines import draw_layers, layer_key
from vgstudy.figures.registry import figure
from vgstudy.figures.view import BLOCKS, EPOCH, Axis, View, axes_of, with_bands
from vgstudy.formatting import listing

if TYPE_CHECKING:
    import pandas as pd

QUANTITIES = ("g_rms", "delta_rms", "h_rms")
LAYER = Axis("layer (1 is nearest the input, the last is the output)")
MEAN = "geometric mean over the seeds alive at that epoch of the root mean square over entries"
NEEDS_LEVEL = "no layer has a level that is positive and finite"


@figure(
    "profile-start",
    title="Layer profiles before training",
    estimand="Level of the kernel gradient g, the backpropagated signal δ and the activation h in "
    f"each layer: {MEAN}. Each line ends at its network's output layer.",
    needs=NEEDS_LEVEL,
)
def profile_start(frames: Frames) -> View:
    """Select g, δ and h by layer before any update, for a few depths."""
    rows = first_optimizer_only(profile(frames, 0))
    note = f"Epoch 0, cells of {optimizers(rows)} (the optimizer plays no part yet)."
    return profile_view(rows, note, ())


@figure(
    "profile-end",
    title="Layer profiles at the end of training",
    estimand=f"Level of g, δ and h in each layer: {MEAN}. Each line ends at its network's output "
    "layer. Small gradients here can mean convergence as well as vanishing.",
    needs=NEEDS_LEVEL,
)
def profile_end(frames: Frames) -> View:
    """Select g, δ and h by layer at the last probed epoch, for a few depths, by optimizer."""
    last = frames.profiles["epoch"].max()
    return profile_view(profile(frames, last), f"Epoch {last:.0f}.", (OPTIMIZER,))


def profile(frames: Frames, epoch: int) -> pd.DataFrame:
    """Return profiles of g, δ and h at an epoch for depths near 5, 10 and 20."""
    rows = chosen(frames.profiles, quantity=list(QUANTITIES), epoch=epoch)
    return at_depths(rows, [5, 10, 20])


def profile_view(rows: pd.DataFrame, note: str, down: tuple[str, ...]) -> View:
    """Return the view of profiles with their simultaneous bands."""
    return View(
        with_bands(rows).assign(x=rows["layer"]),
        axes_of(*QUANTITIES),
        LAYER,
        f"{note} {depths_note(rows)}",
        BLOCKS,
        down,
        own_ranges=True,
        simultaneous=True,
    )


@figure(
    "decay-epochs",
    title="Decay factor during training",
    estimand="Decay factor per layer toward the input of the kernel gradient g and of the "
    "backpropagated signal δ: exp(−slope) of log RMS on the layer number over the square layers "
    "2 to L, geometric mean over seeds. Below 1 it shrinks toward the input, above 1 it grows.",
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
    "l1-epochs",
    title="How far each layer's weights moved",
    estimand="L1 change: sum over a layer's kernel of the absolute difference from its initial "
    "weights, mean over seeds. Layers differ in the number of their weights: compare a layer "
    "between activations, not layers with one another.",
    needs="no probe was made after epoch 0",
)
def l1_epochs(frames: Frames) -> View:
    """Select the L1 change of each layer's weights over epochs at one depth, for the first two
    activations."""
    first, others = (
        list(frames.study["factors"]["activation"])[part] for part in (slice(2), slice(2, None))
    )
    rows = at_depths(chosen(frames.profiles, quantity="w_l1_change", activation=first), [5])
    hidden = (
        "The first two activations of the study are compared; not shown: "
        f"{listing(others)}. " * bool(others)
    )
    return View(
        rows.assign(x=rows["epoch"]),
        axes_of("w_l1_change"),
        EPOCH,
        f"{depths_note(rows)} {hidden}The vertical axis is linear below 0.1.",
        ("initializer", "activation"),
        ("width", "optimizer"),
        line=("cell", "layer"),
        panel=draw_layers,
        key=layer_key,
    )


def depths_note(rows: pd.DataFrame) -> str:
    """Say which depths are shown."""
    depths = sorted(rows["depth"].astype(int).unique())
    word = "Depth" if len(depths) == 1 else "Depths"
    return f"{word} {listing(map(str, depths))}." if depths else ""
