"""How far the axes of a view reach: one vertical range for each quantity, so that all its panels
compare."""

from math import exp, log

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.figures.view import Axis

Array = NDArray[np.float64]
MARGIN = 0.06  # of the range, on either side
REACH = 0.5  # of the range of the values: how far beyond them an interval may stretch the axis
SMALLEST = {"log": log(2.0), "linear": 1e-3}
LINEAR_BELOW = 0.1  # of a vertical axis that has a place for zero, logarithmic above
FURTHEST = 690.0  # natural log of the largest number an axis can show


def vertical_limits(points: pd.DataFrame, axis: Axis) -> tuple[float, float]:
    """Ends of the vertical axis for the points of one quantity.

    All values and marks are inside; an axis with a place for zero begins there. Intervals and
    predictions are inside too unless they are far wider than the spread of the values, as with two
    seeds: then they are cut at the edge.
    """
    if axis.limits:
        return axis.limits
    if axis.scale == "symlog":
        return 0.0, 2 * max(float(points["value"].max()), LINEAR_BELOW)
    low, high = extent(
        np.r_[positions(points["value"], axis.scale), positions(pd.Series(axis.marks), axis.scale)]
    )
    reach = REACH * max(high - low, SMALLEST[axis.scale])
    ends_of = ("value", "low", "high", "predicted", "outer_low", "outer_high")
    drawn = pd.concat([points[name] for name in ends_of if name in points])
    ends = positions(drawn, axis.scale)
    low, high = extent(np.r_[low, high, np.clip(ends, low - reach, high + reach)])
    margin = MARGIN * max(high - low, SMALLEST[axis.scale])
    bottom, top = low - margin, high + margin
    return (
        (exp(max(bottom, -FURTHEST)), exp(min(top, FURTHEST)))
        if axis.scale == "log"
        else (bottom, top)
    )


def horizontal_limits(points: pd.DataFrame, axis: Axis) -> tuple[float, float]:
    """Ends of the horizontal axis, with room for markers; epoch 0 has a place of its own."""
    low, high = float(points["x"].min()), float(points["x"].max())
    if axis.scale == "log":
        return low / 1.2, high * 1.2
    if axis.scale == "symlog":
        return -0.3, 1.3 * max(high, 1.0)
    pad = max(0.5, 0.03 * (high - low))
    return low - pad, high + pad


def positions(values: "pd.Series[float]", scale: str) -> Array:
    """Where finite values stand along an axis: natural logs of the positive ones on a logarithmic
    axis."""
    numbers = np.asarray(values, dtype=float)
    finite = np.asarray(numbers[np.isfinite(numbers)])
    return np.asarray(np.log(finite[finite > 0])) if scale == "log" else finite


def extent(numbers: Array) -> tuple[float, float]:
    """Smallest and largest; 0 and 1 if there is none."""
    return (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
