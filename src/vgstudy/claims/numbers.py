"""One number per seed: its estimate with an interval, and where one more seed would fall.

On a scale where seeds spread like a normal sample, Student t gives both. Where they do not
(accuracies often have two humps: nets that learned and nets that did not), order statistics do,
which assume nothing but independent seeds.
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

NOT_NORMAL = 0.01  # Shapiro-Wilk p value below which order statistics replace Student t
Pair = tuple[Callable[[Array], Array], Callable[[Array], Array]]
SCALES: Mapping[str, Pair] = MappingProxyType(
    {"linear": (np.array, np.array), "log": (np.log, np.exp), "logit": (logit, expit)}
)
FEWEST = 4  # seeds without which no number is judged


@dataclass(frozen=True)
class Spread:
    """Seeds summed up.

    Attributes
    ----------
    method
        How the two intervals were made.
    value, low, high
        Geometric mean on a log scale, mean (of logits) otherwise, or median; its interval.
    seed_low, seed_high
        Where one more seed falls.
    confidence, seed_confidence
        Coverage of the two intervals; order statistics reach less than the nominal one with few
        seeds.
    """

    method: str
    value: float
    low: float
    high: float
    seed_low: float
    seed_high: float
    confidence: float
    seed_confidence: float


def spread_of(values: Array, scale: str) -> Spread:
    """Sum up the values, axis (seed,), none missing, at least two.

    The prediction interval is t s sqrt(1 + 1/n) around the mean on the scale (Hahn and Meeker,
    Statistical Intervals, section 4.7), or the r-th smallest to the r-th largest value, with
    coverage 1 - 2r/(n+1) (section 5.2).
    """
    forward, back = SCALES[scale]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = forward(values)
    if not np.isfinite(x).all() or (
        len(x) > 2 and np.ptp(x) > 0 and shapiro(x).pvalue < NOT_NORMAL
    ):
        return _order_statistics(np.sort(values))
    group = moments(x)
    mean, further = mean_t(group), next_seed(group)
    ends = back(np.array([mean.value, mean.low, mean.high, further.low, further.high]))
    value, low, high, seed_low, seed_high = map(float, ends)
    method = MEAN_T if scale == "linear" else f"{MEAN_T} on {scale}"
    return Spread(method, value, low, high, seed_low, seed_high, CONFIDENCE, CONFIDENCE)


def _order_statistics(ordered: Array) -> Spread:
    """Median and next seed by ranks, conservative: at least the nominal coverage where the seeds
    allow it."""
    n = len(ordered)
    rank = max(
        int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5)), 1
    )  # P(rank-th smallest > median) <= (1 - CONFIDENCE) / 2
    tail = max(int((1 - CONFIDENCE) * (n + 1) / 2), 1)
    covered = 1 - 2 * float(binom.cdf(rank - 1, n, 0.5))
    ends = (
        np.median(ordered),
        ordered[rank - 1],
        ordered[n - rank],
        ordered[tail - 1],
        ordered[n - tail],
    )
    value, low, high, seed_low, seed_high = map(float, ends)
    predicted = 1 - 2 * tail / (n + 1)
    return Spread(
        "median, order statistics", value, low, high, seed_low, seed_high, covered, predicted
    )


def near(
    values: Array, low: float, high: float, within: float | None, scale: str
) -> NDArray[np.bool_]:
    """Which seeds come near a reported number: within a difference, on a log scale a factor, of it;
    or inside a range."""
    if within is None:
        return (values >= low) & (values <= high)
    return (
        (values >= low / within) & (values <= high * within)
        if scale == "log"
        else np.abs(values - low) <= within
    )


def sample(values: Array, most: int = 60) -> list[float]:
    """The values in ascending order, thinned to equally spaced ranks: enough for a small
    picture."""
    ordered = np.sort(values[np.isfinite(values)])
    if not len(ordered):
        return []
    ranks = np.unique(np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(int))
    return [float(value) for value in ordered[ranks]]
