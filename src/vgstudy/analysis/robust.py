"""What a mean and its t interval may hide: trimmed means, quantiles, two modes.

Every function takes values over seeds on the last axis, NaN marking a seed without a value, and
works on all groups at once.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from vgstudy.analysis.intervals import CONFIDENCE, Interval

Array = NDArray[np.float64]

TRIM = 0.2  # cut off at either end
TWO_MODES = 5 / 9  # bimodality coefficient of a uniform distribution


def trimmed_t(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Mean without the lowest and the highest 20 % of the seeds, with its t interval (Tukey &
    McLaughlin 1963, Yuen 1974).

    floor(n / 5) seeds are cut at either end and their distance enters by the winsorized variance;
    below 5 seeds none is cut, which is the plain t interval.
    """
    x = np.sort(np.asarray(values, dtype=float), axis=-1)  # NaN come last
    n = (~np.isnan(x)).sum(axis=-1)
    cut = np.floor(TRIM * n + 1e-9).astype(int)
    kept = n - 2 * cut
    rank = np.arange(x.shape[-1])
    inside = (rank >= cut[..., None]) & (rank < (n - cut)[..., None])
    low, high = at(x, cut.astype(float)), at(x, np.maximum(n - cut - 1, 0).astype(float))
    winsorized = np.where(rank < n[..., None], np.clip(x, low[..., None], high[..., None]), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(inside, x, 0).sum(axis=-1) / kept
        centre = np.nansum(winsorized, axis=-1) / n
        squares = np.nansum((winsorized - centre[..., None]) ** 2, axis=-1)
        error = np.sqrt(squares / (kept * (kept - 1.0)))
        half = stdtrit(np.where(kept > 1, kept - 1.0, np.nan), (1 + confidence) / 2) * error
    value = np.where(n > 0, mean, np.nan)
    return Interval(value, value - half, value + half, np.full_like(value, np.nan))


def quantile(values: ArrayLike, share: float) -> Array:
    """The quantile over seeds, by linear interpolation between order statistics as numpy's
    default."""
    x = np.sort(np.asarray(values, dtype=float), axis=-1)
    n = (~np.isnan(x)).sum(axis=-1)
    return at(x, share * np.maximum(n - 1, 0))


def at(ordered: Array, place: Array) -> Array:
    """The value at a place between 0 and n - 1 along the last axis, interpolated between
    neighbours."""
    below = np.floor(place).astype(int)
    above = np.minimum(np.ceil(place).astype(int), ordered.shape[-1] - 1)
    lower, upper = (
        np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0] for index in (below, above)
    )
    found: Array = lower + np.where(below == above, 0.0, place - below) * np.where(
        below == above, 0.0, upper - lower
    )
    return found


def bimodality(values: ArrayLike) -> Array:
    """Sarle's bimodality coefficient (skewness^2 + 1) / kurtosis with small-sample corrections
    (SAS/STAT user's guide).

    1/3 for a normal, 5/9 for a uniform distribution, up to 1 for two points; more than 5/9 hints at
    two modes or a heavy skew. NaN below 4 seeds and for constant data.
    """
    x = np.asarray(values, dtype=float)
    n = (~np.isnan(x)).sum(axis=-1).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = x - (np.nansum(x, axis=-1) / n)[..., None]
        second, third, fourth = (np.nansum(away**power, axis=-1) / n for power in (2, 3, 4))
        skew = np.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
        excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)
        found = (skew**2 + 1) / (excess + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))
        constant = second <= (1e-12 * np.nanmax(np.abs(np.where(np.isnan(x), 0, x)), axis=-1)) ** 2
    return np.where((n > 3) & ~constant, found, np.nan)
