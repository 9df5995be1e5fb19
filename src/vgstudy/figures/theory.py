"""What theory predicts before any update, next to what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vgstudy.figures.frames import Frames, at_depths, chosen, first_optimizer_only
from vgstudy.figures.registry import figure
from vgstudy.figures.view import SETTING, Axis, View

MIN_WIDTHS = 3  # that a study needs for a trend
VARIANCE = "var_interior_delta"


def has_widths(study: Mapping[str, Any]) -> bool:
    """Return whether a study has enough widths for a trend."""
    return len(study["factors"]["width"]) >= MIN_WIDTHS


@figure(
    "fluctuations",
    title="How much initial gradients vary from seed to seed",
    caption="Variance over seeds of log (δ of layer L / δ of layer 2) before training; a line for "
    "each width.",
    details="Activations that are linear but for a slope below 0. Theory at one input: the "
    "variance grows in proportion to the sum of 1 / width over the layers between (Hanin & Nica "
    "2018), so deep narrow networks differ most. Ours is of many inputs, and smaller.",
    needs="no network has 3 hidden layers, kernels of mean 0 and an activation that is linear but "
    "for a slope below 0",
)
def fluctuations(frames: Frames) -> View:
    """Select the variance over seeds of the log ratio of δ over the square layers."""
    rows = first_optimizer_only(chosen(frames.overlays, quantity=VARIANCE))
    x = (rows["depth"].astype(int) - 2) / rows["width"].astype(int)
    return View(
        rows.assign(x=x).drop(columns="predicted"),
        {VARIANCE: Axis("variance over seeds of\nlog (δ of layer L / δ of layer 2)", "log")},
        Axis("sum of 1 / width over the layers between: (depth − 2) / width", "log"),
        across=("initializer",),
        line=SETTING,
    )


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
