"""Is a decay factor 1? Decided by an interval and an equivalence bound; and how many seeds tell.

With the bound, "does not vanish" is a result of its own and not merely a lack of evidence.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from vgstudy.analysis.intervals import ALPHA, CONFIDENCE, Interval, Moments
from vgstudy.schema import DIRECTIONS

Array = NDArray[np.float64]

# a factor per layer within 5 % of 1 counts as 1; also the half-width wanted of an interval
BOUND = np.log(1.05)
# seeds that a study could have; where more are needed, a wider interval is the answer
MAX_SEEDS = 1000
FEASIBLE_SEEDS = 100
_COUNTS = np.arange(2, MAX_SEEDS + 1)


def tost(logs: Moments) -> Array:
    """Return the p value of |log d| < log 1.05 by two one-sided t tests (Schuirmann 1987).

    It is the larger of the two. Constant data leave no doubt: 0 inside the bound, 1 outside. NaN
    below two seeds.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(logs.var / logs.n)
        p = stdtr(logs.n - 1, (np.abs(logs.mean) - BOUND) / error)
    certain = np.where(np.abs(logs.mean) < BOUND, 0.0, 1.0)
    return np.where(logs.var > 0, p, np.where(logs.var == 0, certain, np.nan))


def directions(ratio: Interval, p_equivalent: Array) -> NDArray[np.int64]:
    """Return the index in DIRECTIONS for each decay factor, -1 without an interval.

    equivalent: TOST shows that the factor is within 5 % of 1, whether or not it differs from 1.
    vanishes, explodes: the interval lies below, above 1, and equivalence is not shown. undecided:
    none of these.
    """
    conditions = {
        "equivalent": p_equivalent < ALPHA,
        "vanishes": ratio.high < 1,
        "explodes": ratio.low > 1,
        "undecided": np.isfinite(ratio.value) & ~np.isnan(ratio.low),
    }
    codes = [DIRECTIONS.index(name) for name in conditions]
    return np.asarray(np.select(list(conditions.values()), codes, -1), dtype=np.int64)


def half_width(spread: ArrayLike, n: ArrayLike) -> Array:
    """Return the half-width, on the log scale, of the t interval from n seeds.

    `spread` is the standard deviation of their logs.
    """
    count = np.asarray(n, dtype=float)
    quantile = stdtrit(count - 1, (1 + CONFIDENCE) / 2)
    width: Array = quantile * np.asarray(spread, dtype=float) / np.sqrt(count)
    return width


def seeds_needed(spread: ArrayLike, half: float = BOUND) -> Array:
    """Return the smallest number of seeds whose t interval has at most this half-width.

    (1.96 spread / half)^2 for many seeds, more for few, if the standard deviation over seeds,
    `spread`, stays as it is. Infinite above MAX_SEEDS; NaN where the spread is not known.
    """
    s = np.asarray(spread, dtype=float)
    with np.errstate(divide="ignore"):
        allowed = half / s
    place = len(_COUNTS) - np.searchsorted(half_width(1.0, _COUNTS)[::-1], allowed, side="right")
    counts = np.r_[_COUNTS.astype(float), np.inf][place]
    return np.where(np.isnan(s), np.nan, counts)
