"""Where the backpropagated signal is lost: heat maps over layers, before and during training."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from vgstudy.figures.arms import of_arms
from vgstudy.figures.frames import (
    REFERENCE_DEPTH,
    Frames,
    at_depths,
    chosen,
    first_optimizer_only,
    optimizers,
)
from vgstudy.figures.outcomes import in_networks
from vgstudy.figures.registry import figure
from vgstudy.figures.style import Look
from vgstudy.figures.view import BLOCKS, Axis, View, in_rows
from vgstudy.formatting import listing, plural, power_of_ten

PALETTE = "RdBu"  # red where the signal is lost, blue where it grows
DECADES = (-8, -4, -2, -1, 0, 1, 2, 4, 8)  # in the key; beyond the ends the colour is the same
LARGE = 10.0  # a factor from which a signal is said to vanish or to explode
CLOSE = 1.5  # a factor: a ratio so near to tenfold could be on either side
LAYER = Axis("layer (1 is nearest the input)")
NEEDS = "no network has two hidden layers with a signal"
COLOURS_MEAN = (
    "Signal δ: dLoss/dz, which backpropagation carries toward the input. White: as strong as in "
    "the last hidden layer; red: it vanishes; blue: it explodes; blank: no seed has a signal, or "
    "there is no such layer. Colours end at 10⁸ either way. "
    "Ratios of geometric means over the same seeds of the root mean square over units and "
    "examples; intervals are in the table of profiles."
)


@figure(
    "signal-start",
    title="Where the signal is lost before training",
    caption="Signal δ of each hidden layer relative to the last one, before training. Red: lost; "
    "blue: grown.",
    details=COLOURS_MEAN,
    needs=NEEDS,
)
def signal_start(frames: Frames) -> View:
    """Select δ of hidden layers at epoch 0, relative to the last hidden layer: a row for every
    depth, or for every arm."""
    rows = first_optimizer_only(relative_signal(frames, epoch=0))
    common: dict[str, Any] = {
        "x": LAYER,
        "panel": draw_heat,
        "key": ratio_key(),
        "takeaway": takeaway(frames, rows),
    }
    note = losses(frames, rows)
    if frames.study.get("arms"):
        rows, axes = in_networks(frames, rows)
        return View(rows, axes, note=note, across=(), **common)
    note = f"Networks of {optimizers(rows)} (the optimizer plays no part yet). {note}"
    rows, axes = in_rows(last_first(rows, "depth"), "row_name", "depth")
    return View(rows, axes, note=note, across=BLOCKS, down=("activation",), **common)


@figure(
    "signal-epochs",
    title="How the signal changes during training",
    caption="Signal δ of each hidden layer relative to the last one, at each probed epoch. Red: "
    "lost; blue: grown; blank: no seed with a signal.",
    details=COLOURS_MEAN,
    needs="no network of the depth shown has two hidden layers with a signal; of arms, only "
    "those of a single network are shown",
)
def signal_epochs(frames: Frames) -> View:
    """Select δ of hidden layers relative to the last one by epoch: of the arms, or at one depth."""
    rows, axes = in_rows(last_first(relative_signal(frames), "epoch"), "row_name", "epoch")
    common: dict[str, Any] = {"x": LAYER, "panel": draw_heat, "key": ratio_key()}
    if frames.study.get("arms"):
        across, title = ("arm", "network"), change(rows)
        return View(of_arms(frames, rows), axes, across=across, takeaway=title, **common)
    rows = at_depths(first_optimizer_only(rows), [REFERENCE_DEPTH])
    return View(
        rows,
        axes,
        note=f"Networks of {optimizers(rows)}, depth {listing(map(str, rows['depth'].unique()))}.",
        across=BLOCKS,
        down=("activation",),
        takeaway=change(rows),
        **common,
    )


def last_first(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows with their levels of a column as `row_name`, the last level first."""
    rows = rows.assign(row_name=rows[column].astype("str"))
    return rows.sort_values(column, ascending=False, kind="stable")


def relative_signal(frames: Frames, **levels: Any) -> pd.DataFrame:
    """Return δ of hidden layers as `value`, relative to the last hidden layer of the same network
    and epoch; without its intervals, which are of δ itself."""
    rows = chosen(frames.profiles, quantity="delta_rms", **levels)
    depth = rows["depth"].astype(int)
    rows = rows[(rows["layer"] <= depth) & (depth > 1)]
    rows = rows.drop(columns=["low", "high", "method", "confidence"])
    last = rows[rows["layer"] == rows["depth"].astype(int)][["cell", "epoch", "value"]]
    rows = rows.merge(last, on=["cell", "epoch"], how="left", suffixes=("", "_last"))
    ratio = rows["value"] / rows["value_last"].astype(float)
    return rows.assign(quantity="signal", x=rows["layer"], value=ratio)


def end_to_end(frames: Frames, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layer 1, which have the ratio over all hidden layers: of every arm, or of
    a study that crosses its factors at the reference depth."""
    ends = chosen(rows[rows["value"].notna()], layer=1)
    return ends if frames.study.get("arms") else at_depths(ends, [REFERENCE_DEPTH])


def vanishing(ends: pd.DataFrame) -> "pd.Series[bool]":
    """Return which signals are less than a tenth in layer 1 of what they are in the last hidden
    layer."""
    return ends["value"] < 1 / LARGE


def exploding(ends: pd.DataFrame) -> "pd.Series[bool]":
    """Return which signals are more than ten times in layer 1 what they are in the last hidden
    layer."""
    return ends["value"] > LARGE


def close_calls(ends: pd.DataFrame) -> int:
    """Count the ratios that are near to tenfold, on either side of it."""
    distance = np.abs(np.abs(np.log(ends["value"].to_numpy(float))) - np.log(LARGE))
    return int((distance < np.log(CLOSE)).sum())


def takeaway(frames: Frames, rows: pd.DataFrame) -> str:
    """Say in how many networks the signal vanishes or explodes."""
    ends = end_to_end(frames, rows)
    if ends.empty:
        return ""
    return (
        "From the last hidden layer to layer 1 the signal shrinks more than tenfold in "
        f"{vanishing(ends).sum()} of {counted(frames, ends)} and grows more than tenfold in "
        f"{exploding(ends).sum()}"
    )


def counted(frames: Frames, ends: pd.DataFrame) -> str:
    """Return which networks are counted, and how many."""
    if frames.study.get("arms"):
        return f"{plural(len(ends), 'network')} with several layers"
    return f"{plural(len(ends), 'setting')} with {ends['depth'].iloc[0]} layers"


def change(rows: pd.DataFrame) -> str:
    """Say in how many networks the signal is stronger in layer 1 than in the last hidden layer,
    before and after training; of those that have a signal then."""
    first = rows[(rows["layer"] == 1) & rows["value"].notna()]
    epochs = sorted(first["epoch"].unique())
    if len(epochs) < 2:
        return ""
    before, after = (chosen(first, epoch=epochs[place])["value"] for place in (0, -1))
    return (
        "The signal is stronger in layer 1 than in the last hidden layer in "
        f"{(before > 1).sum()} of {plural(len(before), 'network')} before training, in "
        f"{(after > 1).sum()} of the {len(after)} that have a signal after it"
    )


def losses(frames: Frames, rows: pd.DataFrame) -> str:
    """Say for each activation in how many networks the signal vanishes."""
    ends = end_to_end(frames, rows)
    if ends.empty:
        return ""
    lost = vanishing(ends).groupby(ends["activation"], observed=True)
    texts = [
        f"{activation} in {count} of {size}"
        for activation, count, size in zip(lost.groups, lost.sum(), lost.size(), strict=True)
    ]
    return f"Of {counted(frames, ends)} the signal vanishes: {listing(texts)}."


def shade(ratios: Any) -> Any:
    """Return where ratios are on the palette, from 0 to 1, and 1/2 for a ratio of 1.

    Equal steps of the palette are doublings of the number of decades, so that a factor of 2 and
    one of a million both show.
    """
    with np.errstate(divide="ignore"):
        decades = np.log10(ratios)
    span = np.log2(1 + DECADES[-1])
    return np.clip(0.5 + 0.5 * np.sign(decades) * np.log2(1 + np.abs(decades)) / span, 0, 1)


def draw_heat(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a square for every layer of every row of a panel."""
    rows, layers = range(int(points["place"].max()) + 1), range(1, int(points["x"].max()) + 1)
    ratios = points.pivot_table(index="place", columns="x", values="value", observed=True)
    image = shade(ratios.reindex(index=rows, columns=layers).to_numpy(dtype=float))
    extent = (0.5, layers[-1] + 0.5, -0.5, len(rows) - 0.5)
    look: Any = {"cmap": PALETTE, "vmin": 0, "vmax": 1, "origin": "lower", "aspect": "auto"}
    axes.imshow(image, extent=extent, interpolation="nearest", **look)
    axes.grid(visible=False)


def ratio_key() -> list[Look]:
    """Return an entry for each decade of the key."""
    palette = sns.color_palette(PALETTE, as_cmap=True)
    return [
        {
            "facecolor": palette(float(shade(10.0**decade))),
            "edgecolor": "0.8",
            "linewidth": 0.4,
            "label": decade_name(decade),
        }
        for decade in DECADES
    ]


def decade_name(decade: int) -> str:
    """Return an entry of the key: ``÷ 10⁴``, at the ends ``÷ 10⁸ or more``."""
    sign = "÷" if decade < 0 else "×"
    names = {0: "equal", 1: f"{sign} 10"}
    name = names.get(abs(decade), f"{sign} {power_of_ten(abs(decade))}")
    return f"{name} or more" if abs(decade) == DECADES[-1] else name
