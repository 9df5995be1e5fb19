"""Rules that other projects publish, written from their documentation with their default numbers.

Each is applied to the rows of a table of probes, as far as its columns allow. Left out are rules on
accuracy and on how the loss moves, which are no rules about gradients. What differs:

- a unit counts as dead where it is off on every example of the probe set;
- saturated means a slope below 1/100 of the steepest, which for a ReLU is an output of 0.

Sources: AUTOTRAINER (Zhang et al., ICSE 2021), its problem definitions and default parameters;
DeepDiagnosis (Wardat et al., ICSE 2022), its symptoms and thresholds; TFCheck (Ben Braiek & Khomh,
2019) with the defaults of its successor TheDeepChecker; Amazon SageMaker Debugger, the pages of the
rules VanishingGradient and DeadRelu; torchmortem, its detector of gradient flow.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from vgstudy.probe.rules import RUN_KEYS

Rows = pd.DataFrame
RELU = ("relu", "relu6")
BOUNDED = ("sigmoid", "hard_sigmoid", "tanh", "softsign")


def _ends(rows: Rows) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return the norms of the first and of the last layer's gradient, for each run and epoch."""
    norms = rows.groupby(RUN_KEYS, observed=True)["g_l2"]
    return norms.first(), norms.last()


def _any_layer(rows: Rows, holds: "pd.Series[bool]") -> "pd.Series[bool]":
    """Return whether a condition holds for any layer, for each run and epoch."""
    return holds.groupby([rows[key] for key in RUN_KEYS], observed=True).any()


def _not_finite(rows: Rows) -> "pd.Series[bool]":
    return _any_layer(rows, ~np.isfinite(rows["g_l2"]))


def _zeros(rows: Rows) -> "pd.Series[float]":
    """Return the share of zeros among all gradients; a kernel has fan_in x fan_out entries."""
    entries = rows["fan_in"].astype("float64") * rows["fan_out"]
    sums = (
        rows.assign(zeros=rows["g_zero_float32"] * entries, entries=entries)
        .groupby(RUN_KEYS, observed=True)[["zeros", "entries"]]
        .sum()
    )
    return sums["zeros"] / sums["entries"]


def autotrainer(rows: Rows) -> "pd.Series[bool]":
    """Vanishing, exploding gradient, dying ReLU: parameters beta 1e-3, 1e-4, 70 and gamma .7."""
    first, last = _ends(rows)
    ratio = first / last
    vanishing = (ratio < 1e-3) & (first < 1e-4)
    return vanishing | (ratio > 70) | _not_finite(rows) | (_zeros(rows) >= 0.7)


def deep_diagnosis(rows: Rows) -> "pd.Series[bool]":
    """A mean absolute gradient below 1e-7, 70 % zeros of a ReLU, half of the units saturated."""
    vanishing = rows["g_mean_abs"] < 1e-7
    dead = rows["activation"].isin(RELU) & (rows["h_saturated"] >= 0.7)
    saturated = rows["activation"].isin(BOUNDED) & (rows["h_saturated"] > 0.5)
    return _any_layer(rows, vanishing | dead | saturated) | _not_finite(rows)


def tfcheck(rows: Rows) -> "pd.Series[bool]":
    """A mean absolute gradient below 1e-6 or above 1e6, half of the units dead or saturated."""
    size = rows["g_mean_abs"]
    saturated = rows["activation"].isin(BOUNDED) & (rows["h_saturated"] > 0.5)
    dead = rows["activation"].isin(RELU) & (rows["h_dead"] > 0.5)
    layer = (size < 1e-6) | (size > 1e6) | dead | saturated
    return _any_layer(rows, layer) | _not_finite(rows)


def sagemaker_vanishing(rows: Rows) -> "pd.Series[bool]":
    """A mean absolute gradient below 1e-7."""
    return _any_layer(rows, rows["g_mean_abs"] < 1e-7)


def sagemaker_dead(rows: Rows) -> "pd.Series[bool]":
    """More than half of a ReLU layer's units dead."""
    return _any_layer(rows, rows["activation"].isin(RELU) & (rows["h_dead"] > 0.5))


def torchmortem(rows: Rows) -> "pd.Series[bool]":
    """The first layer's gradient 100 times smaller than the last one's, or a norm above 1000."""
    first, last = _ends(rows)
    return (last > 100 * first) | _any_layer(rows, rows["g_l2"] > 1000)


PUBLISHED: Mapping[str, Callable[[Rows], "pd.Series[bool]"]] = MappingProxyType(
    {
        "AUTOTRAINER": autotrainer,
        "DeepDiagnosis": deep_diagnosis,
        "TFCheck": tfcheck,
        "SageMaker VanishingGradient": sagemaker_vanishing,
        "SageMaker DeadRelu": sagemaker_dead,
        "torchmortem": torchmortem,
    }
)


def alarms(rows: Rows) -> pd.DataFrame:
    """Return whether each published rule raises an alarm, for each cell, seed and epoch.

    Parameters
    ----------
    rows
        Rows of the table `probes` with a column `activation`. Layers that the loss does not reach
        are left out.
    """
    reached = rows[rows["g_zero"].notna()].sort_values("layer")
    return pd.DataFrame({name: rule(reached) for name, rule in PUBLISHED.items()})
