"""Where the backpropagated signal is lost before training: a heat map over layers and depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vgstudy.figures.frames import (
    REFERENCE_DEPTH,
    Frames,
    at_depths,
    chosen,
    first_optimizer_only,
    optimizers,
)
from vgstudy.figures.registry import figure
from vgstudy.figures.style import Look
from vgstudy.figures.view import BLOCKS, Axis, View
from vgstudy.formatting import listing, power_of_ten

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

PALETTE = "RdBu"  # red where the signal is lost, blue where it grows
DECADES = (-8, -4, -2, -1, 0, 1, 2, 4, 8)  # in the key; beyond the ends the colour is the same
LARGE = 10.0  # a factor from which a signal is said to vanish or to explode
MAX_TICKS = 6


@figure(
    "signal-start",
    title="Where the signal is lost before training",
    estimand="Level of the backpropagated signal δ in each hidden layer, relative to the last "
    "hidden layer of the same network: ratio of geometric means over the same seeds of the root "
    "mean square over units and examples. White: as strong as in the last hidden layer; red: it "
    "vanishes toward the input; blue: it explodes. Intervals are in the table of profiles.",
    needs="no network has two hidden layers with a signal",
)
def signal_start(frames: Frames) -> View:
    """Select δ of hidden layers at epoch 0, relative to the last hidden layer, at every depth."""
    rows = first_optimizer_only(chosen(frames.profiles, quantity="delta_rms", epoch=0))
    depth = rows["depth"].astype(int)
    rows = rows[(rows["layer"] <= depth) & (depth > 1)]
    rows = rows.drop(columns=["low", "high", "method", "confidence"])
    last = rows[rows["layer"] == rows["depth"].astype(int)].set_index("cell")["value"]
    ratio = rows["value"] / rows["cell"].map(last).astype(float)
    rows = rows.assign(quantity="signal", x=rows["layer"], value=ratio)
    depths = rows["depth"].cat.remove_unused_categories().cat
    return View(
        rows.assign(depth=depths.set_categories(depths.categories, ordered=True)),
        {"signal": Axis("depth", limits=(-0.5, len(depths.categories) - 0.5))},
        Axis("layer (1 is nearest the input)"),
        f"Epoch 0, cells of {optimizers(rows)} (the optimizer plays no part yet). {losses(rows)}",
        BLOCKS,
        ("activation",),
        panel=draw_heat,
        key=ratio_key,
        takeaway=takeaway(rows),
    )


def end_to_end(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layer 1 at the reference depth, which have the ratio over all layers."""
    return at_depths(chosen(rows[rows["value"].notna()], layer=1), [REFERENCE_DEPTH])


def takeaway(rows: pd.DataFrame) -> str:
    """Say in how many settings the signal vanishes or explodes at the reference depth."""
    ends = end_to_end(rows)
    if ends.empty:
        return ""
    lost, grown = (ends["value"] < 1 / LARGE).sum(), (ends["value"] > LARGE).sum()
    return (
        f"From layer {ends['depth'].iloc[0]} to layer 1 the signal shrinks more than tenfold in "
        f"{lost} of {len(ends)} settings and grows more than tenfold in {grown}"
    )


def losses(rows: pd.DataFrame) -> str:
    """Say for each activation in how many settings the signal vanishes at the reference depth."""
    ends = end_to_end(rows)
    if ends.empty:
        return ""
    lost = (ends["value"] < 1 / LARGE).groupby(ends["activation"], observed=True)
    texts = [
        f"{activation} in {count} of {size}"
        for activation, count, size in zip(lost.groups, lost.sum(), lost.size(), strict=True)
    ]
    depth = ends["depth"].iloc[0]
    return f"Lost by a factor above {LARGE:.0f} at depth {depth}: {listing(texts)} settings."


def shade(ratios: Any) -> Any:
    """Return where ratios are on the palette, from 0 to 1, and 1/2 for a ratio of 1.

    Equal steps of the palette are doublings of the number of decades, so that a factor of 2 and
    one of a million both show.
    """
    import numpy as np

    with np.errstate(divide="ignore"):
        decades = np.log10(ratios)
    span = np.log2(1 + DECADES[-1])
    return np.clip(0.5 + 0.5 * np.sign(decades) * np.log2(1 + np.abs(decades)) / span, 0, 1)


def draw_heat(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a square for every layer of every depth of a panel."""
    depths = list(points["depth"].cat.categories)
    ratios = points.pivot_table(index="depth", columns="x", values="value", observed=False)
    layers = range(1, max(map(int, depths)) + 1)
    image = shade(ratios.reindex(index=depths, columns=layers).to_numpy(dtype=float))
    extent = (0.5, layers[-1] + 0.5, -0.5, len(depths) - 0.5)
    look: Any = {"cmap": PALETTE, "vmin": 0, "vmax": 1, "origin": "lower", "aspect": "auto"}
    axes.imshow(image, extent=extent, interpolation="nearest", **look)
    axes.grid(visible=False)
    step = -(-len(depths) // MAX_TICKS)
    places = range(len(depths))[step - 1 :: step]
    axes.set_yticks(places, [str(depths[place]) for place in places])


def ratio_key(frame: pd.DataFrame) -> list[Look]:
    """Return an entry for each decade of the key."""
    import seaborn as sns

    del frame
    palette = sns.color_palette(PALETTE, as_cmap=True)
    names = {-1: "÷ 10", 0: "equal", 1: "× 10"}
    return [
        {
            "facecolor": palette(float(shade(10.0**decade))),
            "edgecolor": "0.8",
            "linewidth": 0.4,
            "label": names.get(decade, f"{'÷' if decade < 0 else '×'} {power_of_ten(abs(decade))}"),
        }
        for decade in DECADES
    ]
