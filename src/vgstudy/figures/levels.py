"""Levels and decay factors from layer to layer, and what theory predicts of them before any
update."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.frames import (
    REFERENCE_DEPTH,
    Frames,
    at_depths,
    chosen,
    first_optimizer_only,
    optimizers,
)
from vgstudy.figures.registry import figure
from vgstudy.figures.style import DASHES, GREY, Look, activation_key, draw_lines
from vgstudy.figures.view import BLOCKS, SETTING, Axis, View, axes_of, with_bands
from vgstudy.formatting import listing, plural
from vgstudy.quantities import QUANTITIES

DECAYS = ("d_delta", "d_g", "d_h")
PAIR = Axis("layer (its value over that of the next layer; the last pair is the output's)")
LAYER = Axis("layer (1 is nearest the input, the last is the output)")
WHEN = {True: "before training", False: "after training"}
MIN_WIDTHS = 3  # that a study needs for a trend
VARIANCE = "var_interior_delta"
SPAN = "An axis reaches at most six decades to either side of the median; lines go on beyond it."


@figure(
    "decay-layers",
    title="Decay factor from layer to layer, before training",
    caption="RMS of each layer over that of the next, geometric mean over seeds. Below 1: it "
    "shrinks toward the input. Thin lines: theory.",
    details="Quantities: the backpropagated signal δ, the gradient g of the kernel, the activation "
    f"h. Theory: one factor for all square layers, in the limit of infinite width. {SPAN}",
    needs="no network has two layers with a size that is positive and finite",
)
def decay_layers(frames: Frames) -> View:
    """Select the factors of each pair of layers at epoch 0, for one depth, with theory's factor
    for the pairs of square layers."""
    rows = first_optimizer_only(chosen(frames.layer_decays, quantity=list(DECAYS), epoch=0))
    rows = at_depths(rows, [REFERENCE_DEPTH])
    theory = frames.overlays[["cell", "quantity", "predicted"]]
    rows = rows.merge(theory, on=["cell", "quantity"], how="left")
    is_square = (rows["layer"] > 1) & (rows["layer"] < rows["depth"].astype(int))
    rows = with_bands(rows.assign(x=rows["layer"], predicted=rows["predicted"].where(is_square)))
    return View(
        rows if rows["predicted"].notna().any() else rows.drop(columns="predicted"),
        {
            name: Axis(f"{QUANTITIES[name].symbol[-1]}: layer over next", "log", {"equal": 1.0})
            for name in DECAYS
        },
        PAIR,
        f"{depths_note(rows)} Networks of {optimizers(rows)} (the optimizer plays no part yet).",
        BLOCKS,
        simultaneous=True,
        takeaway=direction(rows),
    )


def direction(rows: pd.DataFrame) -> str:
    """Say in how many networks the signal shrinks, or grows, at every step between hidden layers,
    by the bands of the whole line."""
    steps = chosen(rows, quantity="d_delta")
    steps = steps[(steps["layer"] < steps["depth"].astype(int)) & steps["value"].notna()]
    if steps.empty:
        return ""
    below, above = (
        (steps["high"] < 1).groupby(steps["cell"]),
        (steps["low"] > 1).groupby(steps["cell"]),
    )
    shrinks, grows, both = below.all().sum(), above.all().sum(), (below.any() & above.any()).sum()
    others = below.ngroups - shrinks - grows - both
    text = (
        f"Toward the input the signal δ shrinks at every hidden layer in {shrinks} of "
        f"{plural(below.ngroups, 'network')} with {steps['depth'].iloc[0]} layers and grows at "
        f"every one in {grows}"
    )
    rest = {f"in {both} it does both": both, f"for {others} the bands do not tell": others}
    return "; ".join([text, *(name for name, count in rest.items() if count)])


@figure(
    "profiles",
    title="Size of δ, h and g in each layer, before and after training",
    caption="Root mean square of δ, h and g in each layer, geometric mean over the seeds alive at "
    "that epoch.",
    details="Each line ends at its network's output layer. Small gradients after training can mean "
    f"convergence as well as vanishing. {SPAN}",
    needs="no layer has a size that is positive and finite",
)
def profiles(frames: Frames) -> View:
    """Select δ, h and g by layer at the first and the last probed epoch, for a few depths."""
    shown = ["delta_rms", "h_rms", "g_rms"]
    epochs = [0, int(frames.profiles["epoch"].max() or 0)] if len(frames.profiles) else [0]
    rows = chosen(frames.profiles, quantity=shown, epoch=epochs)
    rows = at_depths(first_optimizer_only(rows), [5, 10, 20])
    when = pd.Categorical(rows["epoch"].eq(0).map(WHEN), list(WHEN.values()), ordered=True)
    rows = with_bands(rows).assign(x=rows["layer"], when=when)
    return View(
        rows,
        axes_of(*shown),
        LAYER,
        f"{depths_note(rows)} Networks of {optimizers(rows)}.",
        BLOCKS,
        ("when",),
        line=("cell", "when"),
        simultaneous=True,
        takeaway=first_gradient(rows),
    )


def first_gradient(rows: pd.DataFrame) -> str:
    """Say in how many networks the gradient of layer 1 is smaller, or larger, after training than
    before, by bands that do not overlap."""
    first = chosen(rows[rows["value"].notna()], quantity="g_rms", layer=1)
    before, after = (first[first["epoch"].eq(0) == is_start] for is_start in WHEN)
    both = before.merge(after, on="cell", suffixes=("", "_after"))
    if both.empty:
        return ""
    smaller = int((both["high_after"] < both["low"]).sum())
    larger = int((both["low_after"] > both["high"]).sum())
    text = (
        f"After training the gradient g of layer 1 is smaller than before in {smaller} of "
        f"{plural(len(both), 'network')} and larger in {larger}"
    )
    others = len(both) - smaller - larger
    return f"{text}; bands of the other {others} overlap" if others else text


def depths_note(rows: pd.DataFrame) -> str:
    """Say which depths are shown."""
    depths = sorted(rows["depth"].astype(int).unique())
    word = "Depth" if len(depths) == 1 else "Depths"
    return f"{word} {listing(map(str, depths))}." if depths else ""


def has_widths(study: Mapping[str, Any]) -> bool:
    """Return whether a study has enough widths for a trend."""
    return len(study["factors"]["width"]) >= MIN_WIDTHS


@figure(
    "fluctuations",
    title="How much initial gradients vary from seed to seed",
    caption="Variance over seeds of log (δ of layer L / δ of layer 2) before training.",
    details="Activations that are linear but for a slope below 0. Theory at one input: the "
    "variance grows in proportion to the sum of 1 / width over the layers between (Hanin & Nica "
    "2018), so deep narrow networks differ most. Ours is of many inputs, and smaller. The "
    "heading's factors are one standard deviation of the log.",
    needs="no network has 3 hidden layers, kernels of mean 0 and an activation that is linear but "
    "for a slope below 0",
)
def fluctuations(frames: Frames) -> View:
    """Select the variance over seeds of the log ratio of δ over the square layers."""
    rows = first_optimizer_only(chosen(frames.overlays, quantity=VARIANCE))
    rows = rows.drop(columns="predicted")
    x = (rows["depth"].astype(int) - 2) / rows["width"].astype(int)
    rows = rows.assign(x=x)
    return View(
        rows,
        {VARIANCE: Axis("variance over seeds of\nlog (δ of layer L / δ of layer 2)", "log")},
        Axis("sum of 1 / width over the layers between: (depth − 2) / width", "log"),
        across=("initializer",),
        line=SETTING,
        panel=draw_by_width,
        key=[*activation_key(rows), *width_key(rows)],
        takeaway=spread(rows),
    )


def spread(rows: pd.DataFrame) -> str:
    """Say by what factor the ratio of signals differs between seeds, as one standard deviation of
    its log, in the networks that theory says vary least and most."""
    known = rows[rows["value"].notna()]
    if known.empty:
        return ""
    ends = [known[known["x"] == x] for x in sorted({known["x"].min(), known["x"].max()})]
    text = " and ".join(map(_factors, ends))
    text = f"Between seeds the loss of signal typically differs by a factor of {text}"
    overlap = len(ends) > 1 and ends[0]["high"].max() >= ends[1]["low"].min()
    return f"{text}; intervals overlap" if overlap else text


def _factors(rows: pd.DataFrame) -> str:
    """Return the factors of networks of one shape: ``1.4 to 1.5 with 5 layers of 10 units``."""
    texts = [f"{float(f'{np.exp(np.sqrt(value)):.2g}'):g}" for value in sorted(rows["value"])]
    depth, width = (rows[name].iloc[0] for name in ("depth", "width"))
    ends = dict.fromkeys([texts[0], texts[-1]])
    return f"{' to '.join(ends)} with {depth} layers of {width} units"


def width_dashes(rows: pd.DataFrame) -> dict[Any, Any]:
    """Return the dash of each width."""
    return dict(zip(rows["width"].cat.categories, cycle(DASHES), strict=False))


def width_key(rows: pd.DataFrame) -> list[Look]:
    """Return an entry for each width."""
    dashes = width_dashes(rows).items()
    return [{"label": f"{width} wide", "color": GREY, "linestyle": dash} for width, dash in dashes]


def draw_by_width(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a line for each network of a panel, dashed by its width."""
    dashes = width_dashes(points)
    for width, some in points.groupby("width", observed=True):
        drawn = len(axes.lines)
        draw_lines(axes, some)
        for line in axes.lines[drawn:]:
            line.set_linestyle(dashes[width])


@figure(
    "theory-width",
    title="Measured over predicted decay before training, by width",
    caption="Decay factor before training over what theory predicts for infinite width.",
    needs="theory predicts none of these networks",
    is_of=has_widths,
)
def theory_width(frames: Frames) -> View:
    """Select measured over predicted decay factors against width, at two depths."""
    axes = {
        f"d_{name}": Axis(
            f"decay factor of {symbol},\nmeasured / predicted", "log", {"theory": 1.0}
        )
        for name, symbol in (("delta", "δ"), ("g", "g"))
    }
    rows = at_depths(first_optimizer_only(chosen(frames.overlays, quantity=list(axes))), [5, 10])
    ratios = {name: rows[name] / rows["predicted"] for name in ("value", "low", "high")}
    # the prediction is the line at 1
    rows = rows.assign(x=rows["width"].astype(int), **ratios).drop(columns="predicted")
    return View(
        rows,
        axes,
        Axis("width (units per hidden layer)", "log"),
        "Intervals are of what was measured.",
        ("initializer",),
        ("depth",),
        line=("activation", "initializer", "optimizer", "depth"),
    )
