"""Levels layer by layer: profiles, first and last layer over epochs, how far the weights moved."""

import pandas as pd

from vgstudy.figures.axes import LINEAR_BELOW
from vgstudy.figures.frames import Frames, chosen, optimizers, untrained
from vgstudy.figures.view import BLOCKS, EPOCH, REFERENCE_DEPTH, Axis, View, nearest, with_bands
from vgstudy.formatting import listing

PROFILE_AXES = {
    "g_rms": Axis("RMS of g\n(loss per weight)", "log"),
    "delta_rms": Axis("RMS of δ\n(loss per unit of z)", "log"),
    "h_rms": Axis("RMS of h\n(activation)", "log"),
}
LEVEL_AXES = {
    "first": Axis("RMS of g, layer 1\n(loss per weight)", "log"),
    "output": Axis("RMS of g, output\n(loss per weight)", "log"),
}
MOVED_AXES = {"w_l1_change": Axis("L1 change\n(sum of |w − w₀|)", "symlog")}
LAYER = Axis("layer (1 is nearest the input, the last is the output)")


def profile_start(frames: Frames) -> View:
    """RMS of g, delta and h by layer before any update, for a few depths."""
    shown = untrained(profile(frames, 0))
    note = f"Epoch 0, cells of {optimizers(shown)} (the optimizer plays no part yet). {depths_note(shown)}"
    return View(
        with_bands(shown).assign(x=shown["layer"]), PROFILE_AXES, LAYER, note, BLOCKS, free=BLOCKS
    )


def profile_end(frames: Frames) -> View:
    """RMS of g, delta and h by layer at the last probed epoch, for a few depths, by optimizer."""
    last = frames.profiles["epoch"].max()
    shown = profile(frames, last)
    note = f"Epoch {last:.0f}. {depths_note(shown)}"
    return View(
        with_bands(shown).assign(x=shown["layer"]),
        PROFILE_AXES,
        LAYER,
        note,
        BLOCKS,
        ("optimizer",),
        BLOCKS,
    )


def level_epochs(frames: Frames) -> View:
    """RMS of g of the first hidden and of the output layer over epochs at one depth, by
    optimizer."""
    levels = at_depths(chosen(frames.profiles, quantity="g_rms"), [REFERENCE_DEPTH])
    first, output = (
        levels[levels["layer"] == 1],
        levels[levels["layer"] == levels["depth"].astype(int) + 1],
    )
    shown = pd.concat([first.assign(quantity="first"), output.assign(quantity="output")])
    return View(
        shown.assign(x=shown["epoch"]),
        LEVEL_AXES,
        EPOCH,
        depths_note(shown),
        BLOCKS,
        ("optimizer",),
        BLOCKS,
    )


def l1_epochs(frames: Frames) -> View:
    """L1 change of each layer's weights over epochs, the first two activations side by side, at one
    depth."""
    compared = list(frames.study["factors"]["activation"])[:2]
    shown = at_depths(chosen(frames.profiles, quantity="w_l1_change", activation=compared), [5])
    others = list(frames.study["factors"]["activation"])[2:]
    hidden = (
        f" The first two activations of the study are compared; not shown: {listing(others)}."
        if others
        else ""
    )
    note = f"{depths_note(shown)}{hidden} The vertical axis is linear below {LINEAR_BELOW:g}."
    return View(
        shown.assign(x=shown["epoch"]),
        MOVED_AXES,
        EPOCH,
        note,
        ("initializer", "activation"),
        ("width", "optimizer"),
    )


def profile(frames: Frames, epoch: int) -> pd.DataFrame:
    """Profiles of g, delta and h at an epoch for depths near 5, 10 and 20."""
    return at_depths(chosen(frames.profiles, quantity=list(PROFILE_AXES), epoch=epoch), [5, 10, 20])


def at_depths(frame: pd.DataFrame, wanted: list[int]) -> pd.DataFrame:
    """The rows whose depth is the nearest available to one of those wanted."""
    return chosen(frame, depth=nearest(wanted, frame["depth"].astype(int)))


def depths_note(frame: pd.DataFrame) -> str:
    """Which depths are shown, as a sentence."""
    depths = sorted(frame["depth"].astype(int).unique())
    return (
        f"{'Depth' if len(depths) == 1 else 'Depths'} {listing(map(str, depths))}."
        if depths
        else ""
    )
