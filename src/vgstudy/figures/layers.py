"""Layers of a tutorial's networks over the epochs: weights, how far they moved, gradients, their
spread."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.arms import (
    BANDS,
    DEAD,
    EPOCHS,
    arms_figure,
    arms_view,
    fewer_epochs,
    rows_of_arms,
)
from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.style import (
    GREY,
    Look,
    activation_key,
    colours,
    draw_layers,
    layer_key,
)
from vgstudy.figures.view import Axis, View, axes_of
from vgstudy.formatting import listing
from vgstudy.schema import EXAMPLES, PROBE_SET, QUANTILES

LAYERS = (
    "Light lines are layers near the input, the darkest is the output layer; with more than 5 "
    "hidden layers only these two have bands. Bands far wider than the medians are cut at the edge "
    f"of their panel. {DEAD}"
)
ZERO = "Medians of exactly zero, as where most seeds are dead, have no place on a log axis."
KINDS = {"g": "gradient\n(loss per weight)", "w": "weights"}
BLOCKS = ("layer 1", "output layer")
MOST = 0.5  # of the seeds
FAN_KEY: tuple[Look, ...] = ({"label": "median entry", "color": GREY},)
FANS = ((0.01, 0.99, 0.15), (0.05, 0.95, 0.22), (0.25, 0.75, 0.35))  # from, to, opacity


@arms_figure(
    "arms-moved",
    title="How far each layer's weights move",
    caption=f"Change of each layer's weights; their L1 norm, where logged. {BANDS}",
    details=f"Relative: mean |w − w₀| over mean |w₀| of the layer. {LAYERS}",
)
def moved(frames: Frames) -> View:
    """Select the L1 norm of each layer's weights after every epoch, where it is logged, and their
    change by epoch."""
    view = by_layer(frames, axes_of("w_l1", "w_moved", "w_change"), says_examples=False)
    return replace(view, takeaway=moved_most(view.frame, mostly_dead(frames)))


def mostly_dead(frames: Frames) -> list[str]:
    """Return the cells of which more than half of the seeds ended dead."""
    dead = (frames.outcomes["status"] == "dead").groupby(frames.outcomes["cell"]).mean()
    return list(dead.index[dead > MOST])


def moved_most(rows: pd.DataFrame, dead: Sequence[str]) -> str:
    """Say which layer of each arm changes most, for its size; a median over dead seeds says
    nothing."""
    is_dead = rows["cell"].isin(dead)
    names = rows.loc[is_dead, "arm"].drop_duplicates().astype("str")
    ends = chosen(rows[~is_dead], quantity="w_change")
    ends = ends[(ends["epoch"] == ends["epoch"].max()) & ends["value"].notna()]
    if ends.empty:
        return ""
    most = ends.loc[ends.groupby("arm", observed=True)["value"].idxmax()]
    is_output = most["layer"] == most["depth"].astype(int) + 1
    layers = most["layer"].astype("str").radd("layer ").where(~is_output, "the output layer")
    texts = [
        f"{layer} in {listing(arms.astype('str'))}"
        for layer, arms in most["arm"].groupby(layers, sort=False)
    ]
    left_out = [f"most seeds of {listing(names)} are dead"] if len(names) else []
    return f"Largest relative weight change: {'; '.join([*texts, *left_out])}"


@arms_figure(
    "arms-weights",
    title="Weights of each layer during training",
    caption=f"Mean and standard deviation of each layer's weights. {BANDS}",
    details=LAYERS,
)
def weights(frames: Frames) -> View:
    """Select mean and standard deviation of each layer's weights by epoch."""
    return by_layer(frames, axes_of("w_mean", "w_sd"), says_examples=False)


@arms_figure(
    "arms-gradients",
    title="Gradients of each layer during training",
    caption=f"Mean and standard deviation of the gradient of each layer's weights. {BANDS}",
    details=f"{LAYERS} {ZERO}",
)
def gradients(frames: Frames) -> View:
    """Select mean and standard deviation of each layer's gradient by epoch."""
    return by_layer(frames, axes_of("g_mean", "g_sd"))


@arms_figure(
    "arms-first-last",
    title="Mean absolute gradient of the first and of the output layer",
    caption=f"Mean absolute gradient of the weights by optimizer step. {BANDS}",
    details=f"{ZERO} {DEAD}",
)
def first_last(frames: Frames) -> View:
    """Select the mean absolute gradient of layer 1 and of the output layer by optimizer step."""
    steps = Axis("iteration (optimizer steps)")
    return by_layer(frames, axes_of("g_mean_abs"), x=steps, only_ends=True)


@arms_figure(
    "arms-entries",
    title="Spread of gradients and weights during training",
    caption="Line: median weight or gradient of the layer; bands: the central 50, 90 and 98 % of "
    "them. Each quantile is the median over seeds.",
    details=f"What is far outside in rare epochs is cut at the edge. {DEAD}",
    needs="the study keeps no quantiles; set log.quantiles to true",
)
def entries(frames: Frames) -> View:
    """Select quantiles of the entries of kernels and gradients by epoch; `value` is their median.

    The vertical axes have room for the central 90 % of the entries, but for rare epochs.
    """
    rows = end_layers(chosen(rows_of_arms(frames), quantity=["g_quantiles", "w_quantiles"]))
    rows, note = on_examples(rows)
    layer = np.where(rows["layer"] == 1, *BLOCKS)
    rows = rows.assign(x=rows["epoch"], quantity=rows["quantity"].str[0] + ", " + layer)
    quantiles = np.stack(list(rows["entries"])) if len(rows) else np.zeros((0, len(QUANTILES)))
    for name, level in (("value", 0.5), ("low", 0.05), ("high", 0.95)):
        rows[name] = quantiles[:, QUANTILES.index(level)]
    axes = {
        f"{kind}, {block}": Axis(
            f"{block}: {label}", limits=limits_of(chosen(rows, quantity=f"{kind}, {block}"))
        )
        for kind, label in KINDS.items()
        for block in BLOCKS
    }
    return arms_view(
        frames, rows, axes, note, key=[*FAN_KEY, *activation_key(rows)], panel=draw_fan
    )


def by_layer(
    frames: Frames,
    axes: Mapping[str, Axis],
    x: Axis = EPOCHS,
    only_ends: bool = False,
    says_examples: bool = True,
) -> View:
    """Return the view of some quantities of every layer by epoch or step, on the tutorial's
    examples."""
    rows = chosen(rows_of_arms(frames), quantity=list(axes))
    rows, note = on_examples(end_layers(rows) if only_ends else rows)
    rows = positive(rows.assign(x=rows["epoch" if x is EPOCHS else "step"]), axes)
    note = note if says_examples else ""
    return arms_view(frames, rows, axes, note, key=layer_key(), x=x, panel=draw_layers)


def limits_of(rows: pd.DataFrame) -> tuple[float, float] | None:
    """Return the ends of a vertical axis for quantiles of entries."""
    if rows.empty:
        return None
    low, high = float(rows["low"].quantile(0.02)), float(rows["high"].quantile(0.98))
    margin = 0.15 * max(high - low, 1e-12)
    return low - margin, high + margin


def positive(rows: pd.DataFrame, axes: Mapping[str, Axis]) -> pd.DataFrame:
    """Return the rows without the values and bands that a logarithmic axis has no place for."""
    logarithmic = rows["quantity"].isin([name for name in axes if axes[name].scale == "log"])
    placed = ~logarithmic | (rows["value"] > 0)
    return rows.assign(**{name: rows[name].where(placed) for name in ("value", "low", "high")})


def on_examples(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows on the examples that the tutorial uses, a mini-batch if one is logged, and
    the sentence that says which."""
    present = set(rows["examples"])
    batches = [name for name in EXAMPLES[1:] if name in present]
    examples = batches[0] if batches else PROBE_SET
    return fewer_epochs(chosen(rows, examples=examples)), f"Gradients are of the {examples}."


def end_layers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layer 1 and of the output layer."""
    return rows[(rows["layer"] == 1) | (rows["layer"] == rows["depth"].astype(int) + 1)]


def draw_fan(axes: Axes, points: pd.DataFrame) -> None:
    """Draw nested bands of the quantiles of a panel's entries around their median."""
    palette = colours(points)
    for _, line in points.groupby("line"):
        quantiles, colour = np.stack(list(line["entries"])), palette[line["activation"].iloc[0]]
        for low, high, opacity in FANS:
            below, above = (quantiles[:, QUANTILES.index(level)] for level in (low, high))
            axes.fill_between(line["x"], below, above, color=colour, alpha=opacity, linewidth=0)
        axes.plot(line["x"], line["value"], color=colour, linewidth=1.0)
