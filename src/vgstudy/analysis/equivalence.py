"""Does it vanish? Decided by the interval and by an equivalence bound, so that "does not vanish" is
a finding of its own."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from vgstudy.analysis.intervals import ALPHA, Interval, Moments
from vgstudy.schema import DIRECTIONS

Array = NDArray[np.float64]

BOUND = np.log(1.05)  # a factor per layer within 5 % of 1 counts as none


def tost(logs: Moments) -> Array:
    """P value of |log d| < log 1.05 by two one-sided t tests (Schuirmann 1987): the larger of the
    two.

    Constant data leave no doubt: 0 inside the bound, 1 outside. NaN below two seeds.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(logs.var / logs.n)
        p = stdtr(logs.n - 1, (np.abs(logs.mean) - BOUND) / error)
    certain = np.where(np.abs(logs.mean) < BOUND, 0.0, 1.0)
    return np.where(logs.var > 0, p, np.where(logs.var == 0, certain, np.nan))


def directions(ratio: Interval, p_equivalent: Array) -> NDArray[np.int64]:
    """Index in DIRECTIONS for each decay factor, -1 without an interval.

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
    return np.asarray(
        np.select(list(conditions.values()), [DIRECTIONS.index(name) for name in conditions], -1),
        dtype=np.int64,
    )
