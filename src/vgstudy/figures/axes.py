"""Ranges, scales and ticks of the axes of a panel."""

from math import exp, log, log10

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from vgstudy.figures.frames import nearest
from vgstudy.figures.style import GREY
from vgstudy.figures.view import DEPTH, Axis
from vgstudy.formatting import power_of_ten

Array = NDArray[np.float64]
MARGIN = 0.06  # of the range, at either end
OVERHANG = 0.5  # of the range of the values: how far beyond them an interval may stretch the axis
SMALLEST = {"log": log(2.0), "linear": 1e-3}  # ranges
LINEAR_BELOW = 0.1  # of a vertical axis that has a place for zero, logarithmic above
LARGEST_LOG = 690.0  # natural log of the largest number an axis can show
MAX_NAMES = 7  # of at most three letters, along a vertical axis
HALF_SPAN = 6 * log(10)  # of a logarithmic axis, at most, to either side of the median


def vertical_limits(points: pd.DataFrame, axis: Axis) -> tuple[float, float]:
    """Return the ends of the vertical axis for the points of one quantity.

    Values and marks are inside, but for those of a logarithmic axis that are more than six decades
    from the median; an axis with a place for zero begins there. Intervals and predictions are
    inside too unless they are far wider than the range of the values, as with two seeds: then they
    are cut at the edge.
    """
    if axis.limits:
        return axis.limits
    if axis.names:
        return len(axis.names) - 0.5, -0.5
    if axis.scale == "symlog":
        return 0.0, 2 * max(float(points["value"].max()), LINEAR_BELOW)
    marks = positions([*axis.marks.values()], axis.scale)
    low, high = extent(np.r_[positions(points["value"], axis.scale), marks])
    overhang = OVERHANG * max(high - low, SMALLEST[axis.scale])
    drawn = [points[name] for name in ("value", "low", "high", "predicted") if name in points]
    ends = positions(pd.concat(drawn), axis.scale)
    low, high = extent(np.r_[low, high, np.clip(ends, low - overhang, high + overhang)])
    margin = MARGIN * max(high - low, SMALLEST[axis.scale])
    bottom, top = low - margin, high + margin
    if axis.scale == "log":
        middle = float(np.median([*positions(points["value"], "log")] or [0.0]))
        bottom, top = max(bottom, middle - HALF_SPAN), min(top, middle + HALF_SPAN)
        return exp(max(bottom, -LARGEST_LOG)), exp(min(top, LARGEST_LOG))
    return bottom, top


def horizontal_limits(points: pd.DataFrame, axis: Axis) -> tuple[float, float]:
    """Return the ends of the horizontal axis, with room for markers."""
    if axis.limits:
        return axis.limits
    low, high = float(points["x"].min()), float(points["x"].max())
    if axis.scale == "log":
        return low / 1.2, high * 1.2
    pad = max(0.5, 0.03 * (high - low))
    return low - pad, high + pad


def positions(values: "list[float] | pd.Series[float]", scale: str) -> Array:
    """Return where finite values are along an axis: natural logs of the positive ones on a
    logarithmic axis."""
    numbers = np.asarray(values, dtype=float)
    finite = np.asarray(numbers[np.isfinite(numbers)])
    return np.asarray(np.log(finite[finite > 0])) if scale == "log" else finite


def extent(numbers: Array) -> tuple[float, float]:
    """Return the smallest and the largest; 0 and 1 if there is none."""
    return (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)


def depth_ticks(depths: "pd.Series[int]") -> list[int]:
    """Return some of the depths that were run, the nearest to round numbers such as 5, 10, 20."""
    round_numbers = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(depths.min(), depths.max())
    return nearest(map(round, round_numbers), depths.astype(int).unique())


def scale_x(axes: Axes, axis: Axis, points: pd.DataFrame) -> None:
    """Set scale, limits and ticks of a panel's horizontal axis; whole numbers unless it has fixed
    limits, as shares have."""
    limits = horizontal_limits(points, axis)
    if axis.scale == "log":
        axes.set_xscale("log")
        near = limits[1] / limits[0] < 100
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if near else (1,), numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
    elif axis.names:
        axes.set_xticks(range(len(axis.names)), axis.names)
    elif axis.limits:
        axes.xaxis.set_major_locator(MaxNLocator(5))
    elif axis is DEPTH:
        axes.set_xticks(depth_ticks(points["x"]))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    axes.set_xlim(limits)


def scale_y(axes: Axes, axis: Axis, limits: tuple[float, float]) -> None:
    """Set scale, limits, ticks and marked levels of a panel's vertical axis."""
    if names := shown_names(axis):
        axes.set_yticks([*names], [*names.values()])
    for level in axis.marks.values():
        axes.axhline(level, color=GREY, linewidth=0.8, dashes=(2, 2), zorder=1)
    if axis.scale == "symlog":
        axes.set_yscale("symlog", linthresh=LINEAR_BELOW, linscale=0.5)
        decades = range(round(log10(LINEAR_BELOW)), int(log10(limits[1])) + 1)
        axes.yaxis.set_major_locator(FixedLocator([0.0, *(10.0**n for n in decades)]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(decade_text))
    elif axis.scale == "log":
        axes.set_yscale("log")
        tick_decades(axes, limits)
    axes.set_ylim(limits)


def shown_names(axis: Axis) -> dict[int, str]:
    """Return the names along a vertical axis by their place; of many short ones some, the first and
    the last among them."""
    count, is_short = len(axis.names), max(map(len, axis.names), default=0) <= 3
    shown = min(count, MAX_NAMES) if is_short else count
    places = np.linspace(0, max(0, count - 1), shown).round().astype(int).tolist()
    return {place: axis.names[place] for place in places}


def decade_text(level: float, _: int) -> str:
    """Return the text of a tick at 0 or at a power of ten."""
    return f"{level:g}" if level < 1e4 else power_of_ten(round(log10(level)))


def tick_decades(axes: Axes, limits: tuple[float, float]) -> None:
    """Set the ticks of a logarithmic vertical axis: plain numbers if its ends are near, powers of
    ten otherwise."""
    ratio = limits[1] / limits[0]
    near = ratio < 100
    steps = LogLocator(subs=(1, 2, 5) if near else (1,), numticks=6)
    axes.yaxis.set_major_locator(MaxNLocator(4) if ratio < 4 else steps)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda level, _: f"{level:g}" if near else power_of_ten(round(log10(level))))
    )
