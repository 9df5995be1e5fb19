"""One number per seed: its estimate with an interval, and where one more seed would fall.

On a scale where seeds spread like a normal sample, Student t gives both. Where they do not
(accuracies often have two modes: networks that learned and networks that did not), order statistics
do, which assume nothing but independent seeds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binom, shapiro

from vgstudy.analysis.intervals import CONFIDENCE, MEAN_T, mean_t, moments, next_seed

Array = NDArray[np.float64]
NAN = float("nan")

NOT_NORMAL = 0.01  # Shapiro-Wilk p value below which order statistics replace Student t
FEWEST = 4  # seeds without which there is no interval
ORDER_STATISTICS = "median, order statistics"
Pair = tuple[Callable[[Array], Array], Callable[[Array], Array]]
SCALES: Mapping[str, Pair] = MappingProxyType(
    {"linear": (np.array, np.array), "log": (np.log, np.exp), "logit": (logit, expit)}
)


@dataclass(frozen=True)
class Spread:
    """An estimate over seeds.

    Attributes
    ----------
    value, low, high
        Geometric mean on a log scale, mean (of logits) otherwise, or median; its interval, NaN if
        there is none.
    prediction_low, prediction_high
        The prediction interval of one more seed; the smallest and the largest value where fewer
        than 39 seeds, too few for 95 %, are summarised by ranks.
    method
        How the two intervals were made.
    confidence
        Coverage of the estimate's interval.
    """

    value: float
    low: float = NAN
    high: float = NAN
    prediction_low: float = NAN
    prediction_high: float = NAN
    method: str = "none"
    confidence: float = CONFIDENCE


def spread_of(values: Array, scale: str) -> Spread:
    """Summarise the values, axis (seed,), none missing; fewer than FEWEST by their median alone.

    The prediction interval is t s sqrt(1 + 1/n) around the mean on the scale (Hahn and Meeker,
    Statistical Intervals, section 4.7), or the r-th smallest to the r-th largest value, with
    coverage 1 - 2r/(n+1) (section 5.2).
    """
    if len(values) < FEWEST:
        return Spread(float(np.median(values)) if len(values) else NAN)
    forward, back = SCALES[scale]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = forward(values)
    if not _is_normal(x):
        return _order_statistics(np.sort(values))
    mean, further = mean_t(moments(x)), next_seed(moments(x))
    ends = back(np.array([mean.value, mean.low, mean.high, further.low, further.high]))
    method = MEAN_T if scale == "linear" else f"{MEAN_T} on {scale}"
    value, low, high, further_low, further_high = map(float, ends)
    return Spread(value, low, high, further_low, further_high, method)


def _is_normal(x: Array) -> bool:
    if not np.isfinite(x).all():
        return False
    return np.ptp(x) == 0 or bool(shapiro(x).pvalue >= NOT_NORMAL)


def _order_statistics(ordered: Array) -> Spread:
    """Return median and next seed by ranks, conservative: at least the nominal coverage where the
    seeds allow it."""
    n = len(ordered)
    # P(rank-th smallest > median) <= (1 - CONFIDENCE) / 2
    rank = max(int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5)), 1)
    tail = max(int((1 - CONFIDENCE) * (n + 1) / 2), 1)
    return Spread(
        value=float(np.median(ordered)),
        low=float(ordered[rank - 1]),
        high=float(ordered[n - rank]),
        prediction_low=float(ordered[tail - 1]),
        prediction_high=float(ordered[n - tail]),
        method=ORDER_STATISTICS,
        confidence=1 - 2 * float(binom.cdf(rank - 1, n, 0.5)),
    )


def near(
    values: Array, low: float, high: float, within: float | None, scale: str
) -> NDArray[np.bool_]:
    """Return which seeds come near a reported number: within a difference of it, on a log scale
    within a factor; or inside a range."""
    if within is None:
        return (values >= low) & (values <= high)
    if scale == "log":
        return (values >= low / within) & (values <= high * within)
    return np.abs(values - low) <= within


def thinned(values: Array, largest: int = 60) -> list[float]:
    """Return the values in ascending order, thinned to equally spaced ranks."""
    ordered = np.sort(values[np.isfinite(values)])
    if not len(ordered):
        return []
    ranks = np.linspace(0, len(ordered) - 1, min(largest, len(ordered))).round().astype(int)
    return [float(value) for value in ordered[np.unique(ranks)]]
