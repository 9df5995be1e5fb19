"""Intervals over seeds: one number per seed in, value and interval out.

Every function works elementwise on arrays of groups. No seeds give NaN throughout; one seed gives a
value with a NaN interval (no spread is known), except for proportions; constant data give an
interval of zero width.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, stdtr, stdtrit

ALPHA = 0.05  # what a p value must stay below
CONFIDENCE = 1 - ALPHA
PRECISION = np.log(1.05)  # half-width of the interval of a decay factor that is aimed at
# seeds that a study could have; where more are needed, a wider interval is the answer
MAX_SEEDS = 1000
FEASIBLE_SEEDS = 100

MEAN_T = "t"
GEOMETRIC_T = "t on log"
CHI_SQUARED = "chi-squared on log"
WELCH_DIFFERENCE = "Welch, difference"
WELCH_RATIO = "Welch on log, ratio"

Array = NDArray[np.float64]
Method = Literal["linear", "lower", "higher"]


def _no_test() -> Array:
    return np.array(np.nan)


@dataclass(frozen=True)
class Interval:
    """A value, the ends of its interval, the two-sided p value of "no difference" or NaN, how all
    this was computed, and the number of seeds with a value; 0 where there are two groups."""

    value: Array
    low: Array
    high: Array
    p: Array = field(default_factory=_no_test)
    method: str = ""
    n: ArrayLike = 0

    def columns(self) -> dict[str, Any]:
        """Return the columns that state a single interval of 95 % in a table."""
        ends = {name: float(getattr(self, name)) for name in ("value", "low", "high")}
        return {**ends, "method": self.method, "confidence": CONFIDENCE}


@dataclass(frozen=True)
class Moments:
    """Number of seeds, their mean and their variance (divisor: seeds - 1)."""

    n: Array
    mean: Array
    var: Array


def finite(values: ArrayLike) -> Array:
    """Return the values, NaN where not finite."""
    x = np.asarray(values, dtype=float)
    return np.where(np.isfinite(x), x, np.nan)


def logs_of(values: ArrayLike) -> Array:
    """Return natural logs, NaN where the value is not positive and finite."""
    x = np.asarray(values, dtype=float)
    usable = np.isfinite(x) & (x > 0)
    return np.where(usable, np.log(np.where(usable, x, 1.0)), np.nan)


def counted(values: Array) -> Array:
    """Return the number of seeds with a value, over the last axis."""
    counts: Array = (~np.isnan(values)).sum(axis=-1).astype(float)
    return counts


def moments(values: ArrayLike) -> Moments:
    """Return the moments over the last axis (seeds); NaN marks a seed without a value.

    Deviations are taken from one of the values first, so that constant data have variance exactly
    0.
    """
    x = np.asarray(values, dtype=float)
    origin = np.fmax.reduce(x, axis=-1, initial=-np.inf)
    has = ~np.isnan(x)
    n = has.sum(axis=-1).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.where(has, x - origin[..., None], 0.0)
        shift = away.sum(axis=-1) / n
        var = (np.where(has, away - shift[..., None], 0.0) ** 2).sum(axis=-1) / (n - 1)
    return Moments(n, np.where(n > 0, origin + shift, np.nan), np.where(n > 1, var, np.nan))


def mean_t(group: Moments) -> Interval:
    """Return the mean with Student's t interval; p of a mean of 0, NaN for constant data."""
    error = np.sqrt(group.var / np.maximum(group.n, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(error > 0, 2 * stdtr(group.n - 1, -np.abs(group.mean / error)), np.nan)
    half = _quantile(group.n - 1) * error
    return replace(_around(group.mean, half, p), method=MEAN_T, n=group.n)


def geometric_t(logs: Moments) -> Interval:
    """Return the geometric mean with Student's t interval on logs; p of a ratio of 1."""
    return replace(exponentiated(mean_t(logs)), method=GEOMETRIC_T)


def welch_difference(group: Moments, reference: Moments) -> Interval:
    """Return mean of group minus mean of reference (Welch 1947, Biometrika 34).

    The groups are independent, their variances unequal. If neither group varies, the interval has
    zero width and p is NaN: there is no scale to judge a difference on.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share, other = group.var / group.n, reference.var / reference.n
        error = np.sqrt(share + other)
        c = share / (share + other)
        df = 1 / (c**2 / (group.n - 1) + (1 - c) ** 2 / (reference.n - 1))
        value = group.mean - reference.mean
        p = 2 * stdtr(df, -np.abs(value / error))
        half = np.where(error == 0, 0.0, _quantile(df) * error)
    return replace(_around(value, half, p), method=WELCH_DIFFERENCE)


def welch_ratio(logs: Moments, reference: Moments) -> Interval:
    """Return the ratio of geometric means, group over reference, with Welch's interval on logs."""
    return replace(exponentiated(welch_difference(logs, reference)), method=WELCH_RATIO)


def next_seed(group: Moments) -> Interval:
    """Return the prediction interval of one further seed, a normal variable: t s sqrt(1 + 1/n)."""
    half = _quantile(group.n - 1) * np.sqrt(group.var * (1 + 1 / np.maximum(group.n, 1)))
    return _around(group.mean, half)


def half_width(spread: ArrayLike, n: ArrayLike) -> Array:
    """Return the half-width, on the log scale, of the t interval from n seeds.

    `spread` is the standard deviation of their logs.
    """
    count = np.asarray(n, dtype=float)
    width: Array = _quantile(count - 1) * np.asarray(spread) / np.sqrt(count)
    return width


def seeds_needed(spread: ArrayLike) -> Array:
    """Return the smallest number of seeds whose t interval has at most the half-width PRECISION.

    (1.96 spread / PRECISION)^2 for many seeds, more for few, if the standard deviation over seeds,
    `spread`, stays as it is. Infinite above MAX_SEEDS; NaN where the spread is not known.
    """
    s = np.asarray(spread, dtype=float)
    counts = np.arange(2, MAX_SEEDS + 1)
    with np.errstate(divide="ignore"):
        allowed = PRECISION / s
    place = len(counts) - np.searchsorted(half_width(1.0, counts)[::-1], allowed, side="right")
    needed = np.append(counts.astype(float), np.inf)[place]
    return np.where(np.isnan(s), np.nan, needed)


def chi_squared(group: Moments) -> Interval:
    """Return the variance of a normal variable with its chi-squared interval.

    Its ends are (n - 1) s^2 over quantiles of chi-squared with n - 1 degrees of freedom.
    """
    df = np.where(group.n > 1, group.n - 1, np.nan)
    squares, tail = df * group.var, (1 - CONFIDENCE) / 2
    low, high = squares / chdtri(df, tail), squares / chdtri(df, 1 - tail)
    return Interval(group.var, low, high, method=CHI_SQUARED)


def equal_tails(
    draws: ArrayLike, low: Method = "linear", high: Method = "linear"
) -> tuple[float, float]:
    """Return the ends of the interval of equal tails of draws, axis (draw,).

    NaN draws do not count; the ends are NaN if there are no others. `low` and `high` are
    `numpy.quantile`'s methods of the two ends.
    """
    x, tail = np.asarray(draws, dtype=float), (1 - CONFIDENCE) / 2
    known = x[~np.isnan(x)]
    if not len(known):
        return float("nan"), float("nan")
    return float(np.quantile(known, tail, method=low)), float(
        np.quantile(known, 1 - tail, method=high)
    )


def exponentiated(logs: Interval) -> Interval:
    """Return an interval of natural logs as one of ratios."""
    # an interval may reach beyond the largest float: its end is infinite then
    with np.errstate(over="ignore"):
        ends = {name: np.exp(getattr(logs, name)) for name in ("value", "low", "high")}
    return replace(logs, **ends)


def _quantile(df: Array) -> Array:
    quantile: Array = stdtrit(np.where(df > 0, df, np.nan), (1 + CONFIDENCE) / 2)
    return quantile


def _around(value: Array, half: Array, p: Array | None = None) -> Interval:
    return Interval(value, value - half, value + half, _no_test() if p is None else p)
