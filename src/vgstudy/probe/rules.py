"""The rules of a verdict, each a threshold on numbers of a run at one epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

HEALTHY = "healthy"
NO_GRADIENT = "no gradient"
FEATURES = ("ratio", "dead", "saturated", "no_gradient")
PROBE_COLUMNS = (
    "epoch layer kind delta_rms g_rms g_l2 g_zero h_rms h_dead h_saturated "
    "zero_cause zero_cause_float32 w_mean w_sd"
).split()
RUN_KEYS = ["cell", "seed", "epoch"]
ALL_OFF = 0.99  # share of a layer's units from which on the layer is dead
LARGEST, SMALLEST = 100, 1e-3  # ratios between which a signal neither explodes nor vanishes
# slope of an output activation below which the output counts as flat
FLAT_OUTPUT = 1e-6
# share of its first size below which the loss's slope at an output shows that the output fits
FITTED = 0.1
# gradient over weight below which a step at learning rate 1 does not change a float32 weight
FLOAT32_STEP = 2.0**-24


@dataclass(frozen=True)
class Rule:
    """When a verdict holds: for each row of a frame with the FEATURES, and in words."""

    holds: Callable[[pd.DataFrame], "pd.Series[bool]"]
    text: str


# the first that holds is the verdict
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "dying ReLU": Rule(
            lambda rows: rows["dead"] >= ALL_OFF,
            "a layer whose units are off on every example of the probe set",
        ),
        NO_GRADIENT: Rule(
            lambda rows: rows["no_gradient"] > 0,
            "an output layer sends nothing back, or no layer gets a gradient that could change its "
            "weights, although the data are not fitted",
        ),
        "saturated": Rule(
            lambda rows: rows["saturated"] > 0.9,
            "a layer with more than 90 % of its units where the activation is flat, "
            "or a float32 gradient that is zero for it",
        ),
        "exploding": Rule(
            lambda rows: (rows["ratio"] > LARGEST) | ~np.isfinite(rows["ratio"]),
            "the signal at the layer nearest the input more than 100 times that at the output, "
            "or not finite",
        ),
        "vanishing": Rule(
            lambda rows: rows["ratio"] < SMALLEST,
            "the signal at the layer nearest the input less than 1/1000 of that at the output",
        ),
    }
)


def features(probes: pd.DataFrame) -> pd.DataFrame:
    """Return the FEATURES of each run and epoch, indexed by cell, seed and epoch.

    ratio: signal at the lowest stage over that at the highest, see `stage_signals`; 1 where both
    are 0. dead: largest share of units off on every example, 1 where a layer's gradient is zero
    because of it. saturated: largest share of units where the activation is flat, 1 where a layer's
    float32 gradient is zero because of it. Shares are 0 where none is known. no_gradient: 1 if an
    output layer sends nothing back or every layer's gradient is too small to change a weight,
    else 0.

    Parameters
    ----------
    probes
        Rows of the table `probes`, with `PROBE_COLUMNS`, and where known those of
        `with_structure`, from a log's footer.
    """
    ordered = with_structure(probes).sort_values(["epoch", "layer"])
    dead = _dead(ordered)
    shares = ordered.assign(dead=dead, saturated=_saturated(ordered, dead))
    largest = shares.groupby(RUN_KEYS, observed=True)[["dead", "saturated"]].max()
    ratio = _ratio(ordered)
    return largest.assign(ratio=ratio, no_gradient=_no_gradient(ordered, ratio))[list(FEATURES)]


def verdicts(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return the verdict on each row of `features`."""
    conditions = [rule.holds(rows).to_numpy() for rule in RULES.values()]
    chosen = np.select(conditions, list(RULES), HEALTHY)
    return pd.Series(chosen, index=rows.index, name="verdict")


def with_structure(probes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the columns that only some logs have; by default a plain chain."""
    defaults: dict[str, Any] = {
        "name": "layer " + probes["layer"].astype(str),
        "class": "Dense",
        "stage": probes["layer"],
        "units": 0,
        "positions": 1,
        "activation": "",
        "bias": 0.0,
        "loss": np.nan,
        "top": np.nan,
    }
    return probes.assign(**{name: probes.get(name, values) for name, values in defaults.items()})


def carrying(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layers that carry the signal.

    The loss reaches them, and they are not look-ups (embeddings) unless all are.
    """
    reached = rows[rows["g_zero"].notna() & (rows["stage"] > 0)]
    signal = reached[reached["class"] != "Embedding"]
    return reached if signal.empty else signal


def stage_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the signal at each stage of each run and epoch: the largest of parallel layers.

    A column `delta`, the root mean square of delta times the square root of the layer's positions
    (pixels, time steps), NaN where no layer of the stage has one. A column `g`, the norm of the
    gradient over the level of h at the stage below, which follows delta.
    """
    carriers = carrying(rows)
    # a gradient that is not finite is the largest
    signals = carriers.assign(
        delta=carriers["delta_rms"] * np.sqrt(carriers["positions"].astype("float64")),
        g=carriers["g_l2"].fillna(np.inf),
    )
    largest = signals.groupby([*RUN_KEYS, "stage"], observed=True)[["delta", "g", "h_rms"]].max()
    below = largest["h_rms"].groupby(RUN_KEYS, observed=True).shift()
    largest["g"] /= below.where((below > 0) & np.isfinite(below), 1.0)
    return largest[["delta", "g"]]


def _ratio(rows: pd.DataFrame) -> "pd.Series[float]":
    """Signal at the lowest stage over that at the highest, for each run and epoch.

    The gradients are compared where one of the two stages has no delta.
    """
    groups = stage_signals(rows).groupby(RUN_KEYS, observed=True)
    lowest, highest = groups.nth(0).droplevel("stage"), groups.nth(-1).droplevel("stage")
    has_delta = lowest["delta"].notna() & highest["delta"].notna()
    low = lowest["delta"].where(has_delta, lowest["g"])
    high = highest["delta"].where(has_delta, highest["g"])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (low / high).where((low != 0) | (high != 0), 1.0)
    runs = rows.groupby(RUN_KEYS, observed=True).size().index
    return ratio.mask(np.isinf(groups["g"].max()), np.inf).reindex(runs, fill_value=1.0)


def _no_gradient(rows: pd.DataFrame, ratio: "pd.Series[float]") -> "pd.Series[float]":
    groups = rows.groupby(RUN_KEYS, observed=True)
    loss = groups["loss"].first()
    first_loss = loss.groupby(["cell", "seed"], observed=True).transform("first")
    fits = loss.isna() | (loss <= 1e-6) | (loss < 0.5 * first_loss)
    is_zero = rows.assign(zero=rows["g_zero"] == 1).groupby(RUN_KEYS, observed=True)["zero"].all()
    is_fitted = rows["zero_cause"].astype(str) == "fitted"
    fitted = rows.assign(fitted=is_fitted).groupby(RUN_KEYS, observed=True)["fitted"].all()
    silent = rows.assign(silent=is_silent(rows)).groupby(RUN_KEYS, observed=True)["silent"].any()
    level = _level(rows)
    tiny = level < FLOAT32_STEP
    was_tiny = level.groupby(["cell", "seed"], observed=True).transform("first") < FLOAT32_STEP
    small = tiny & was_tiny & ~fits & ratio.between(SMALLEST, LARGEST)
    lost = silent | (is_zero & ~(fitted & fits)) | small
    return lost.astype("float64")


def is_silent(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows are output layers that send nothing back.

    The loss has a slope at the output, as large as at first up to a factor of 10, but the slope of
    the output's activation is next to nothing on every example.
    """
    first_top = rows.groupby(["cell", "seed", "layer"], observed=True)["top"].transform("first")
    is_output = rows["kind"].astype(str) == "output"
    is_flat = rows["delta_rms"] < FLAT_OUTPUT * rows["top"]
    silent: pd.Series[bool] = is_output & is_flat & (rows["top"] > FITTED * first_top)
    return silent


def _level(rows: pd.DataFrame) -> "pd.Series[float]":
    """Largest gradient over weight (root mean squares) of any layer."""
    weight = np.sqrt(rows["w_mean"] ** 2 + rows["w_sd"] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        level: pd.Series[float] = rows["g_rms"] / weight
    return rows.assign(level=level).groupby(RUN_KEYS, observed=True)["level"].max()


def _dead(ordered: pd.DataFrame) -> "pd.Series[float]":
    is_cause = ordered["zero_cause"].astype(str) == "dead"
    return ordered["h_dead"].fillna(0.0).where(~is_cause, 1.0)


def _saturated(ordered: pd.DataFrame, dead: "pd.Series[float]") -> "pd.Series[float]":
    # a layer that is not finite has no slope; one that is off is flat too
    is_cause = ordered["zero_cause_float32"].astype(str) == "saturation"
    known = ordered["h_saturated"].where(np.isfinite(ordered["g_rms"])).fillna(0.0)
    return known.where(~is_cause, 1.0).where(dead < ALL_OFF, 0.0)
