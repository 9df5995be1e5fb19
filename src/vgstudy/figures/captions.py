"""What stands beside each figure: its title, its estimand, its seeds, its intervals, what is left
out.

Nothing here draws, so the names of a study's figures cost no drawing library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from vgstudy.formatting import listing, percent, plural

if TYPE_CHECKING:
    import pandas as pd

    from vgstudy.figures.view import View

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "t": "Student t (approximate where seeds have two modes, as where some learn and some do not)",
        "chi-squared on log": "chi-squared (approximate: logs are taken to be normal, and of ReLU networks they are not)",
        "t on log": "Student t on the log scale",
        "Wilson": "Wilson score (approximate below 30 seeds)",
        "Welch, difference": "Welch t",
        "Welch on log, ratio": "Welch t on the log scale",
        "Newcombe, difference": "Newcombe",
        "monotone fit, Jeffreys draws": "posterior (Jeffreys' prior; conservative where learning stops within a depth)",
        "seeds resampled within cells": "percentile bootstrap (seeds resampled within cells; approximate below 10 seeds)",
        "Clopper-Pearson, Šidák over depths": "Clopper-Pearson, Šidák over depths (conservative)",
    }
)


@dataclass(frozen=True)
class Caption:
    """The fixed part of a figure's caption: title, what is estimated, and when there is nothing to
    draw."""

    title: str
    estimand: str
    needs: str


_DECAY = (
    "Decay factor per layer toward the input of the kernel gradient g and of the backpropagated signal δ: exp(−slope) of log RMS "
    "on the layer number over the square layers 2 to L, geometric mean over seeds. Below 1 it vanishes toward the input, above 1 "
    "it explodes."
)
_LEVEL = "geometric mean over the seeds alive at that epoch of the root mean square over entries"
_ZEROS = (
    "Share of seeds with a layer whose whole gradient is zero in float32, told apart by what makes it zero: a layer of units "
    "that are off on every example; saturation, where float64 gives no zero; underflow. Causes that do not occur are not shown."
)
_NO_ZEROS = "no layer's gradient is exactly zero"
_NEEDS_SLOPE = (
    "a decay factor needs networks with at least 4 hidden layers and a gradient that is not zero"
)
_NEEDS_PROFILE = "no layer has a level that is positive and finite"

FIGURES: Mapping[str, Caption] = MappingProxyType(
    {
        "accounting": Caption(
            "What became of every run",
            "Share of the runs of each cell that learned, did not learn, have a dead gradient or diverged.",
            "the study has no runs",
        ),
        "profile-start": Caption(
            "Layer profiles before training",
            f"Level of the kernel gradient g, the backpropagated signal δ and the activation h in each layer: {_LEVEL}. "
            "Each line ends at its network's output layer.",
            _NEEDS_PROFILE,
        ),
        "profile-end": Caption(
            "Layer profiles at the end of training",
            f"Level of g, δ and h in each layer: {_LEVEL}. Each line ends at its network's output layer. "
            "Small gradients here can mean convergence as well as vanishing.",
            _NEEDS_PROFILE,
        ),
        "decay-epochs": Caption("Decay factor during training", _DECAY, _NEEDS_SLOPE),
        "level-epochs": Caption(
            "Gradient of the first and of the output layer during training",
            f"Level of the kernel gradient g in layer 1, nearest the input, and in the output layer: {_LEVEL}.",
            _NEEDS_PROFILE,
        ),
        "accuracy-depth": Caption(
            "Test accuracy by depth",
            "Mean over seeds of the accuracy on the test rows; diverged runs have none. Where some seeds learn and others not, "
            "the accuracy has two modes and its interval can miss the mean: read the share that learned first.",
            "no run has a test accuracy",
        ),
        "depth-limit": Caption(
            "Depth limit",
            "Depth (hidden layers) at which half the seeds still learn: where P(learned), fitted by a line that never rises with "
            "depth, crosses one half. A triangle up: half the seeds learn even in the deepest networks, so the limit lies beyond "
            "the range; a triangle down: not even in the shallowest. An interval that ends at the edge may reach beyond it. "
            "Open: the limit lies between depths that are far apart; only these two are known, and the interval ends at them. "
            "Open and dotted: P(learned) rises with depth by more than chance explains (p below .05), so there is no one limit, "
            "and the interval is that of the nearest curve that never rises.",
            "no setting has outcomes at two depths",
        ),
        "l1-epochs": Caption(
            "How far each layer's weights moved",
            "L1 change: sum over a layer's kernel of the absolute difference from its initial weights, mean over seeds. "
            "Layers differ in the number of their weights: compare a layer between activations, not layers with one another.",
            "no probe was made after epoch 0",
        ),
        "zeros-start": Caption(
            "Gradients that are exactly zero before training, by cause", _ZEROS, _NO_ZEROS
        ),
        "zeros-end": Caption(
            "Gradients that are exactly zero at the end of training, by cause", _ZEROS, _NO_ZEROS
        ),
        "fluctuations": Caption(
            "How much initial gradients vary from seed to seed",
            "Variance over seeds of the log of the root mean square of δ in layer L over that in layer 2, before any update, for "
            "activations that are linear but for a slope below 0. Theory: it grows in proportion to the sum of 1 / width over "
            "the layers between (Hanin & Nica 2018), so deep narrow networks differ most.",
            "no network has 3 hidden layers, kernels of mean 0 and an activation that is linear but for a slope below 0",
        ),
    }
)

WIDTHS = 3  # that a study needs for a trend
WIDTH_FIGURES: Mapping[str, Caption] = MappingProxyType(
    {
        "theory-width": Caption(
            "Measured over predicted decay before training, by width",
            "Geometric mean over seeds of the decay factor per layer at epoch 0, over what theory predicts in the limit of "
            "infinite width: the ratio should approach 1.",
            "theory speaks of none of these networks",
        ),
    }
)

_BANDS = "Lines: median over seeds; bands: the central 90 % of the seeds, not an interval of an estimate."
_DEAD = "Above a panel: the network, and how many of its seeds ended dead, with a gradient of exactly zero."
_LAYERS = (
    "Light lines are layers near the input, the darkest is the output layer; with more than 5 hidden layers only these two have "
    "bands. Bands far wider than the medians are cut at the edge of their panel."
)
_ZERO = "A median of exactly zero, as where most seeds are dead, has no place on a logarithmic axis; nor has its band."
_NO_ARMS = "the study names no arm of a single cell with independent kernels"

# of a study that names arms, the networks of a tutorial
ARM_FIGURES: Mapping[str, Caption] = MappingProxyType(
    {
        "arms-accuracy": Caption(
            "Accuracy during training",
            f"Running training accuracy of each epoch, and accuracy on the test rows. {_BANDS} {_DEAD}",
            _NO_ARMS,
        ),
        "arms-weights": Caption(
            "Weights of each layer during training",
            f"Mean and standard deviation over the entries of each layer's kernel. {_BANDS} {_LAYERS} {_DEAD}",
            _NO_ARMS,
        ),
        "arms-gradients": Caption(
            "Gradients of each layer during training",
            f"Mean and standard deviation over the entries of each kernel's gradient. {_BANDS} {_LAYERS} {_ZERO} {_DEAD}",
            _NO_ARMS,
        ),
        "arms-first-last": Caption(
            "Mean absolute gradient of the first and of the output layer",
            f"Mean absolute entry of the kernel's gradient against optimizer steps. {_BANDS} {_ZERO} {_DEAD}",
            _NO_ARMS,
        ),
        "arms-entries": Caption(
            "Spread of gradients and weights during training",
            "Entries of the kernel and of its gradient in layer 1 and in the output layer: median entry (line), and the central "
            f"50, 90 and 98 % of the entries (bands, dark to light), each quantile the median over seeds. {_DEAD}",
            "the study keeps no quantiles",
        ),
    }
)


def figure_names(study: Mapping[str, Any]) -> list[str]:
    """A study's figures: the fixed ones, and those of arms and of widths."""
    arms = ARM_FIGURES if study.get("arms") else ()
    widths = WIDTH_FIGURES if len(study["factors"]["width"]) >= WIDTHS else ()
    return [*arms, *FIGURES, *widths]


def caption_of(name: str) -> Caption:
    """The fixed part of a figure's caption.

    Raises
    ------
    KeyError
        If there is no such figure.
    """
    return {**FIGURES, **WIDTH_FIGURES, **ARM_FIGURES}[name]


def caption_text(name: str, view: View) -> str:
    """The whole caption under a picture, or why there is no picture."""
    caption = caption_of(name)
    if view.empty:
        return f"Not drawn: {caption.needs}."
    drawn = view.frame[view.frame["value"].notna()]
    ranges = "Columns of panels have vertical ranges of their own." if view.free else ""
    parts = (
        caption.estimand,
        view.note,
        ranges,
        intervals(drawn),
        bands(drawn),
        seeds(drawn),
        left_out(view.frame),
    )
    return " ".join(part for part in parts if part)


def intervals(frame: pd.DataFrame) -> str:
    """Which intervals are drawn, one point at a time."""
    if "method" not in frame:
        return ""
    kinds = frame[["confidence", "method"]].drop_duplicates().to_dict("records")
    named = listing(
        f"{percent(kind['confidence'])} {METHODS.get(kind['method'], kind['method'])}"
        for kind in kinds
    )
    return (
        f"Bands and bars: {named} intervals over seeds, each for one point, not corrected for their number; one far wider than "
        "the spread of the values is cut at the edge of its panel."
    )


def bands(frame: pd.DataFrame) -> str:
    """Which simultaneous bands are drawn, if any."""
    if "outer_low" not in frame or frame["outer_low"].isna().all():
        return ""
    made = frame[frame["outer_low"].notna()]
    kinds = made[["confidence", "band"]].drop_duplicates().to_dict("records")
    named = listing(
        f"{percent(kind['confidence'])} {METHODS.get(kind['band'], kind['band'])}" for kind in kinds
    )
    return f"Lighter bands and thinner bars outside hold at all points of a line at once: {named}."


def seeds(frame: pd.DataFrame) -> str:
    """How many seeds the design has for a cell; of a contrast, on either side."""
    if "n_reference" in frame:
        both = frame[["n", "n_reference"]].to_numpy()
        return f"{span(both.min(), both.max())} on either side."
    return f"{span(frame['n'].min(), frame['n'].max())} per cell." if "n" in frame else ""


def left_out(frame: pd.DataFrame) -> str:
    """How many cells, of a contrast pairs of cells, lack seeds or any value, and why."""
    if "n_reference" in frame:
        lost = (
            frame[["n", "n_reference"]].to_numpy()
            - frame[["n_alive", "n_alive_reference"]].to_numpy()
        )
        return _left_out(
            frame.assign(n_failed=lost.max(axis=1)), ["cell", "reference"], "pair", " on a side"
        )
    return _left_out(frame, ["cell"], "cell") if "n_failed" in frame else ""


def _left_out(frame: pd.DataFrame, by: list[str], unit: str, where: str = "") -> str:
    failed = frame.groupby(by)["n_failed"].max()
    panels = [*by, "quantity"] if "quantity" in frame else by
    undrawn = int(
        (frame.groupby(panels, observed=True)["value"].count() == 0).groupby(by).any().sum()
    )
    some = failed[failed > 0]
    if some.empty:
        return f"Nothing is left out of the {plural(len(failed), unit)} shown."
    differ = (frame.groupby(by)["n_failed"].nunique() > 1).any()  # between points of a cell
    many = (
        f"up to {plural(int(some.max()), 'seed')} at a point"
        if differ
        else span(some.min(), some.max())
    )
    text = (
        f"Left out: {many}{where} in {len(some):,} of {plural(len(failed), unit)} "
        "(all-zero gradient, non-finite value or missing file)."
    )
    is_not = "is not drawn" if undrawn == 1 else "are not drawn"
    return (
        f"{text} {plural(undrawn, unit)} without any value of what a row of panels shows {is_not} there."
        if undrawn
        else text
    )


def span(low: float, high: float) -> str:
    """A number of seeds or a range: ``10 seeds``, ``3–10 seeds``."""
    return plural(int(low), "seed") if low == high else f"{low:.0f}–{high:.0f} seeds"
