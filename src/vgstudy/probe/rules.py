"""The rules of a verdict, each a threshold on one number of a run at one epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

HEALTHY = "healthy"
FEATURES = ("ratio", "dead", "saturated")
FEATURE_COLUMNS = [
    "epoch",
    "layer",
    "delta_rms",
    "g_rms",
    "h_dead",
    "h_saturated",
    "zero_cause",
    "zero_cause_float32",
]
RUN_KEYS = ["cell", "seed", "epoch"]
ALL_OFF = 0.99  # share of a layer's units from which on the layer is dead


@dataclass(frozen=True)
class Rule:
    """When a verdict holds.

    Attributes
    ----------
    holds
        From a frame with the FEATURES to a boolean for each row.
    text
        The rule in words.
    advice
        What to try.
    """

    holds: Callable[[pd.DataFrame], "pd.Series[bool]"]
    text: str
    advice: str


# the first that holds is the verdict
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "dying ReLU": Rule(
            lambda rows: rows["dead"] >= ALL_OFF,
            "a layer whose units are off on every example of the probe set",
            "He initialisation, a smaller learning rate, leaky ReLU, wider layers: "
            "a narrow layer dies more easily",
        ),
        "saturated": Rule(
            lambda rows: rows["saturated"] > 0.9,
            "a layer with more than 90 % of its units where the activation is flat, "
            "or a float32 gradient that is zero for it",
            "a kernel initializer with mean 0 and smaller variance (Glorot for tanh and sigmoid), "
            "inputs scaled to about 1",
        ),
        "exploding": Rule(
            lambda rows: (rows["ratio"] > 100) | ~np.isfinite(rows["ratio"]),
            "the signal at the layer nearest the input more than 100 times that at the output, "
            "or not finite",
            "a kernel initializer with smaller variance, gradient clipping, "
            "a smaller learning rate",
        ),
        "vanishing": Rule(
            lambda rows: rows["ratio"] < 1e-3,
            "the signal at the layer nearest the input less than 1/1000 of that at the output",
            "ReLU with He initialisation, or tanh with Glorot instead of sigmoid, fewer layers, "
            "skip connections, normalisation",
        ),
    }
)


def features(probes: pd.DataFrame) -> pd.DataFrame:
    """Return the FEATURES of each run and epoch, indexed by cell, seed and epoch.

    ratio: delta (root mean square) of the lowest layer that has one over that of the highest; of g
    where fewer than two layers have a delta; 1 where both are 0, as in a network that has fitted
    its data. dead: largest share of units off on every example, 1 where a layer's gradient is zero
    because of it. saturated: largest share of units where the activation is flat, 1 where a layer's
    float32 gradient is zero because of it. Shares are 0 where none is known.

    Parameters
    ----------
    probes
        Rows of the table `probes`, with `FEATURE_COLUMNS`.
    """
    ordered = probes.sort_values("layer")
    dead = _dead(ordered)
    shares = ordered.assign(dead=dead, saturated=_saturated(ordered, dead))
    largest = shares.groupby(RUN_KEYS, observed=True)[["dead", "saturated"]].max()
    return largest.assign(ratio=_ratio(ordered))[list(FEATURES)]


def _ratio(ordered: pd.DataFrame) -> "pd.Series[float]":
    """Signal at the lowest layer over that at the highest, for each run and epoch."""
    deltas = ordered.groupby(RUN_KEYS, observed=True)["delta_rms"].transform("count")
    signal = ordered["delta_rms"].where(deltas > 1, ordered["g_rms"])
    known = ordered.assign(signal=signal)[signal.notna()]
    groups = known.groupby(RUN_KEYS, observed=True)["signal"]
    lowest, highest = groups.first(), groups.last()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (lowest / highest).where((lowest != 0) | (highest != 0), 1.0)


def _dead(ordered: pd.DataFrame) -> "pd.Series[float]":
    is_cause = ordered["zero_cause"].astype(str) == "dead"
    return ordered["h_dead"].fillna(0.0).where(~is_cause, 1.0)


def _saturated(ordered: pd.DataFrame, dead: "pd.Series[float]") -> "pd.Series[float]":
    # a layer that is not finite has no slope; one that is off is flat too
    is_cause = ordered["zero_cause_float32"].astype(str) == "saturation"
    known = ordered["h_saturated"].where(np.isfinite(ordered["g_rms"])).fillna(0.0)
    return known.where(~is_cause, 1.0).where(dead < ALL_OFF, 0.0)


def verdicts(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return the verdict on each row of `features`."""
    conditions = [rule.holds(rows).to_numpy() for rule in RULES.values()]
    chosen = np.select(conditions, list(RULES), HEALTHY)
    return pd.Series(chosen, index=rows.index, name="verdict")
