"""How many seeds an interval of a wanted half-width takes, from the spread seen so far, and what so
many seeds reach."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from vgstudy.analysis.equivalence import BOUND
from vgstudy.analysis.intervals import CONFIDENCE

# half-width on the log scale: from value / 1.05 to 1.05 value, as far as a factor that counts as 1
WANTED = BOUND
MOST = 1000  # seeds that anyone would run; where more are needed, a wider interval is the answer
SENSIBLE = 100
_COUNTS = np.arange(2, MOST + 1)


def half_width(spread: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Half-width on the log scale of the t interval from n seeds whose logs have this standard
    deviation."""
    count = np.asarray(n, dtype=float)
    reached: NDArray[np.float64] = (
        stdtrit(count - 1, (1 + CONFIDENCE) / 2) * np.asarray(spread, dtype=float) / np.sqrt(count)
    )
    return reached


def seeds_needed(spread: ArrayLike, wanted: float = WANTED) -> NDArray[np.float64]:
    """Fewest seeds whose t interval has at most this half-width, if the spread (standard deviation
    over seeds) stays as it is.

    (1.96 spread / wanted)^2 for many seeds, more for few; infinite above MOST; NaN where the spread
    is not known.
    """
    s = np.asarray(spread, dtype=float)
    with np.errstate(divide="ignore"):
        allowed = wanted / s
    place = len(_COUNTS) - np.searchsorted(half_width(1.0, _COUNTS)[::-1], allowed, side="right")
    counts = np.r_[_COUNTS.astype(float), np.inf][place]
    return np.where(np.isnan(s), np.nan, counts)
