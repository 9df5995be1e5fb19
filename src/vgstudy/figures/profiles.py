"""Levels by layer: profiles at the start and at the end of training, and levels over epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vgstudy.figures.frames import (
    REFERENCE_DEPTH,
    Frames,
    at_depths,
    chosen,
    first_optimizer_only,
    optimizers,
)
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
    return profile_view(profile(frames, last), f"Epoch {last:.0f}.", ("optimizer",))


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
    "level-epochs",
    title="Gradient of the first and of the output layer during training",
    estimand="Level of the kernel gradient g in layer 1, nearest the input, and in the output "
    f"layer: {MEAN}.",
    needs=NEEDS_LEVEL,
)
def level_epochs(frames: Frames) -> View:
    """Select g of layer 1 and of the output layer over epochs at one depth, by optimizer."""
    rows = at_depths(chosen(frames.profiles, quantity="g_rms"), [REFERENCE_DEPTH])
    output = rows["layer"] == rows["depth"].astype(int) + 1
    rows = rows[output | (rows["layer"] == 1)]
    where = output[rows.index].map({True: "output", False: "first"})
    axes = {
        "first": Axis("RMS of g, layer 1\n(loss per weight)", "log"),
        "output": Axis("RMS of g, output\n(loss per weight)", "log"),
    }
    note = depths_note(rows)
    rows = rows.assign(x=rows["epoch"], quantity=where)
    return View(rows, axes, EPOCH, note, BLOCKS, ("optimizer",), own_ranges=True)


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
    from vgstudy.figures.panels import draw_layers, layer_key

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
