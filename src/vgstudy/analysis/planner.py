"""How many seeds an interval of a wanted half-width takes, from the spread seen so far."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from vgstudy.analysis.intervals import CONFIDENCE

WANTED = 0.05  # half-width of a decay factor's interval on the log scale: about 5 %
MOST = 1_000_000
_COUNTS = np.unique(np.r_[np.arange(2, 2001), np.geomspace(2000, MOST, 2000).round()]).astype(int)
_PER_SPREAD = stdtrit(_COUNTS - 1, (1 + CONFIDENCE) / 2) / np.sqrt(_COUNTS)  # half-width over standard deviation, falling


def seeds_needed(spread: ArrayLike, half_width: float = WANTED) -> NDArray[np.float64]:
    """Fewest seeds whose t interval has at most this half-width, if the spread (standard deviation over seeds) stays as it is.

    (1.96 spread / half-width)^2 for many seeds, more for few. Exact up to 2000 seeds, to a third of a percent beyond; infinite
    above a million; NaN where the spread is not known.
    """
    s = np.asarray(spread, dtype=float)
    with np.errstate(divide="ignore"):
        allowed = half_width / s
    place = len(_COUNTS) - np.searchsorted(_PER_SPREAD[::-1], allowed, side="right")
    counts = np.r_[_COUNTS.astype(float), np.inf][place]
    return np.where(np.isnan(s), np.nan, counts)
