"""Every measured quantity once: how it is written, its unit, its scale, how seeds are summarised.

Labels, units and scales are nowhere else. Chunks of runs, estimates and the explorer derive their
lists from here by `names`; a figure, table or claim names the quantities that it shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from vgstudy.schema import FLOAT32_CAUSES, RUN_STATUSES, ZERO_CAUSES

Scale = Literal["linear", "log", "symlog"]
Method = Literal["geometric mean", "mean", "share", "quantiles"]

# g is dLoss/dW of a layer, δ is dLoss/dz of each example, h the output of a layer, w its weights
SIGNALS: Mapping[str, str] = MappingProxyType({"g": "g", "delta": "δ", "h": "h"})
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "|g|": "the absolute gradient",
        "g": "the gradient",
        "δ": "the backpropagated signal",
        "h": "the activations",
        "w": "the weights",
    }
)

# what becomes of δ from the last hidden layer to the first
SIGNAL_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "kept": "kept",
        "lost_10": "lost 10 to 1,000 times",
        "lost_1000": "lost more than 1,000 times",
        "grown_10": "grown 10 to 1,000 times",
        "grown_1000": "grown more than 1,000 times",
        "lost_then_grown": "lost and then grown",
    }
)


def in_hidden_layers_only(column: str) -> bool:
    """Return whether the output layer lacks a column of probes: it has no h."""
    return column.startswith("h_")


@dataclass(frozen=True)
class Quantity:
    """A number that is measured of a run, or a share of the seeds of a cell.

    Attributes
    ----------
    name
        The column, or the entry of a column `quantity`, that holds it.
    symbol
        The shortest way to write it, for heads of tables.
    label
        What to call it in a sentence or on an axis, with symbols and without an article.
    unit
        The unit in words, such as "loss per weight"; empty if it has none.
    scale
        The scale of its axis in a figure, as matplotlib names it.
    table
        The table that has it as a column: decays, probes, curves or outcomes. Of a share of seeds,
        or of what is made for arms alone, the table that has its rows: estimates, trajectories,
        profiles or arms.
    smallest_depth
        The smallest number of hidden layers of a network that has it.
    method
        How seeds are summarised: the geometric mean of positive numbers, the mean, the share of
        seeds, or quantiles over seeds only, without an interval.
    """

    name: str
    symbol: str
    label: str
    unit: str
    scale: Scale
    table: str
    smallest_depth: int
    method: Method

    @property
    def words(self) -> str:
        """The label for readers who do not know the symbols."""
        return re.sub(r"\|g\||\b[gδhw]\b", lambda symbol: MEANINGS[symbol[0]], self.label)

    @property
    def axis(self) -> str:
        """The label of an axis, with the unit on a line of its own."""
        return f"{self.label}\n({self.unit})" if self.unit else self.label


def _ratio(name: str, symbol: str, label: str, depth: int, unit: str = "ratio") -> Quantity:
    return Quantity(name, symbol, label, unit, "log", "decays", depth, "geometric mean")


def _probe(name: str, symbol: str, label: str, unit: str, scale: Scale, method: Method) -> Quantity:
    return Quantity(name, symbol, label, unit, scale, "probes", 1, method)


def _curve(name: str, label: str, unit: str, method: Method = "mean") -> Quantity:
    return Quantity(name, label, label, unit, "linear", "curves", 1, method)


def _change(name: str, label: str, unit: str) -> Quantity:
    return Quantity(name, label, label, unit, "symlog", "arms", 1, "quantiles")


def _share(name: str, label: str, table: str = "estimates", depth: int = 1) -> Quantity:
    return Quantity(name, label, label, "share of seeds", "linear", table, depth, "share")


_DECAYS = (
    *(
        _ratio(f"d_{name}", f"d of {symbol}", f"decay factor of {symbol}", 4, "per layer")
        for name, symbol in SIGNALS.items()
    ),
    *(
        _ratio(f"interior_{name}", f"{symbol}, L / 2", f"RMS of {symbol}, layer L over layer 2", 3)
        for name, symbol in SIGNALS.items()
    ),
    _ratio("end_to_end_g", "g, output / 1", "RMS of g, output layer over layer 1", 1),
    _ratio("end_to_end_mean_abs", "|g|, output / 1", "mean of |g|, output layer over layer 1", 1),
)

_PROBES = (
    _probe("g_rms", "g", "RMS of g", "loss per weight", "log", "geometric mean"),
    _probe("delta_rms", "δ", "RMS of δ", "loss per unit of z", "log", "geometric mean"),
    _probe("h_rms", "h", "RMS of h", "activation", "log", "geometric mean"),
    _probe("g_mean_abs", "|g|", "mean of |g|", "loss per weight", "log", "geometric mean"),
    _probe("w_l1", "L1", "L1 norm of w", "sum of |w|", "log", "mean"),
    _probe("w_l1_change", "L1 change", "L1 change of w", "sum of |w − w₀|", "symlog", "mean"),
    _probe("h_saturated", "flat", "saturated units", "share of h", "linear", "mean"),
    _probe("h_dead", "off", "dead units", "share of units", "linear", "mean"),
    _probe(
        "g_zero_float32",
        "g = 0",
        "zeros of g in float32",
        "share of entries",
        "linear",
        "quantiles",
    ),
    _probe("g_mean", "mean of g", "mean of g", "loss per weight", "linear", "quantiles"),
    _probe("g_sd", "SD of g", "standard deviation of g", "loss per weight", "log", "quantiles"),
    _probe("w_mean", "mean of w", "mean of w", "", "linear", "quantiles"),
    _probe("w_sd", "SD of w", "standard deviation of w", "", "linear", "quantiles"),
)

_CURVES = (
    _curve("test_accuracy", "test accuracy", "share of test rows"),
    _curve("train_accuracy", "training accuracy", "share of training rows"),
    _curve("test_loss", "test loss", ""),
    _curve("train_loss", "training loss", ""),
    _curve("probe_accuracy", "accuracy on the probe set", "share of training rows", "quantiles"),
    _curve("probe_loss", "loss on the probe set", "", "quantiles"),
)

_ARMS = (
    _change("w_moved", "absolute change of w", "mean |w − w₀|"),
    _change("w_change", "relative change of w", "mean |w − w₀| / mean |w₀|"),
)

_OUTCOMES = (
    Quantity(
        "learning_epochs",
        "epochs",
        "epochs until it learned, at most those trained",
        "epochs",
        "linear",
        "outcomes",
        1,
        "mean",
    ),
)

_SHARES = (
    *(_share(f"p_signal_{name}", f"P(δ {text})", depth=2) for name, text in SIGNAL_CLASSES.items()),
    _share("p_alive", "P(alive)"),
    *(_share(f"p_zero_{cause.replace(' ', '_')}", f"zero: {cause}") for cause in ZERO_CAUSES[1:]),
    *(_share(f"p_zero_float32_{cause}", f"zero in float32: {cause}") for cause in FLOAT32_CAUSES),
    _share("p_learned", "P(learned)"),
    _share("p_ever_learned", "P(ever learned)"),
    _share("p_learned_by", "P(learned by then)", "trajectories"),
    *(_share(f"p_{name}", f"P({name})") for name in RUN_STATUSES[1:]),
    _share("zero_float32", "all-zero layer in float32", "profiles"),
)

QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        quantity.name: quantity
        for quantity in (*_DECAYS, *_PROBES, *_CURVES, *_ARMS, *_OUTCOMES, *_SHARES)
    }
)


def names(table: str, method: Method) -> tuple[str, ...]:
    """Return the quantities of a table that are summarised in this way, in the order above."""
    return tuple(
        name
        for name, quantity in QUANTITIES.items()
        if (quantity.table, quantity.method) == (table, method)
    )
