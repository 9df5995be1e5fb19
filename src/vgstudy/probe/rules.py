"""The rules of a verdict, each a threshold on one number of a run at one epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

HEALTHY = "healthy"
FEATURES = ("ratio", "dead", "saturated")


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


RULES: Mapping[str, Rule] = MappingProxyType(  # the first that holds is the verdict
    {
        "dying ReLU": Rule(
            lambda rows: rows["dead"] >= 0.99,
            "a layer whose units are off on every example of the probe set",
            "He initialisation, a smaller learning rate, leaky ReLU, wider layers: a narrow layer dies more easily",
        ),
        "saturated": Rule(
            lambda rows: rows["saturated"] > 0.9,
            "a layer with more than 90 % of its units where the activation is flat, or a float32 gradient that is zero for it",
            "a kernel initializer with mean 0 and smaller variance (Glorot for tanh and sigmoid), inputs scaled to about 1",
        ),
        "exploding": Rule(
            lambda rows: (rows["ratio"] > 100) | ~np.isfinite(rows["ratio"]),
            "the signal at the layer nearest the input more than 100 times that at the output, or not finite",
            "a kernel initializer with smaller variance, gradient clipping, a smaller learning rate",
        ),
        "vanishing": Rule(
            lambda rows: rows["ratio"] < 1e-3,
            "the signal at the layer nearest the input less than 1/1000 of that at the output",
            "ReLU with He initialisation, or tanh with Glorot instead of sigmoid, fewer layers, skip connections, normalisation",
        ),
    }
)


def features(probes: pd.DataFrame) -> pd.DataFrame:
    """The FEATURES of each run and epoch, from the rows of `probes`; indexed by cell, seed and
    epoch.

    ratio: delta (root mean square) of the lowest layer that has one over that of the highest; of g
    where fewer than two layers have a delta; 1 where both are 0. dead: largest share of units off
    on every example, 1 where a layer's gradient is zero for it. saturated: largest share of units
    where the activation is flat, 1 where a layer's float32 gradient is zero for it. 0 where no
    layer tells; what is not finite has no slope, so it does not tell of flatness.
    """
    ordered = probes.sort_values("layer").assign(
        cause=probes["zero_cause"].astype(str), single=probes["zero_cause_float32"].astype(str)
    )
    keys = ["cell", "seed", "epoch"]
    groups = ordered.groupby(keys, observed=True)
    signal = ordered["delta_rms"].where(
        groups["delta_rms"].transform("count") > 1, ordered["g_rms"]
    )
    ends = ordered.assign(signal=signal)[ordered.index.isin(signal.dropna().index)].groupby(
        keys, observed=True
    )["signal"]
    died = ordered["h_dead"].fillna(0.0).where(ordered["cause"] != "dead", 1.0)
    flat = (
        ordered["h_saturated"]
        .where(np.isfinite(ordered["g_rms"]))
        .fillna(0.0)
        .where(ordered["single"] != "saturation", 1.0)
    )
    off = ordered.assign(died=died, flat=flat.where(died < 0.99, 0.0)).groupby(
        keys, observed=True
    )  # what is off is flat too
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (ends.first() / ends.last()).where(
            (ends.first() != 0) | (ends.last() != 0), 1.0
        )  # fitted: nothing to send back
    return pd.DataFrame(
        {
            "ratio": ratio.reindex(off.size().index),
            "dead": off["died"].max(),
            "saturated": off["flat"].max(),
        }
    )


def verdicts(rows: pd.DataFrame) -> "pd.Series[str]":
    """The verdict on each row of `features`."""
    chosen = np.select(
        [rule.holds(rows).to_numpy() for rule in RULES.values()], list(RULES), HEALTHY
    )
    return pd.Series(chosen, index=rows.index, name="verdict")
