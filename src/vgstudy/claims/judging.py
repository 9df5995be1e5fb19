"""From a statement and a number per seed to an estimate, a verdict and its reasons in words.

On a scale where seeds spread like a normal sample, Student t gives the interval of a number and
where one more seed would fall. Where they do not (accuracies often have two modes: networks that
learned and networks that did not), order statistics do, which assume nothing but independent seeds.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binom, shapiro

from vgstudy.analysis.intervals import CONFIDENCE, MEAN_T, mean_t, moments, next_seed
from vgstudy.analysis.share_intervals import WILSON, wilson
from vgstudy.claims.statements import Statement, range_words
from vgstudy.formatting import interval, plural

Array = NDArray[np.float64]
NAN = float("nan")

HOLDS, NOT, DEPENDS, UNDECIDED = "holds", "does not hold", "depends on the seed", "undecided"
ANSWERED, NOT_RUN = "answered", "not run"
VERDICTS = (HOLDS, DEPENDS, NOT, UNDECIDED, ANSWERED, NOT_RUN)
WORST_FIRST = (NOT, DEPENDS, UNDECIDED, HOLDS)

NOT_NORMAL = 0.01  # Shapiro-Wilk p value below which order statistics replace Student t
FEWEST = 4  # seeds without which there is no interval
ORDER_STATISTICS = "median, order statistics"
Pair = tuple[Callable[[Array], Array], Callable[[Array], Array]]
SCALES: Mapping[str, Pair] = MappingProxyType(
    {"linear": (np.array, np.array), "log": (np.log, np.exp), "logit": (logit, expit)}
)


@dataclass(frozen=True)
class Spread:
    """An estimate over seeds, NaN where a number does not apply.

    Attributes
    ----------
    value, low, high
        Geometric mean on a log scale, mean (of logits) otherwise, or median; its interval.
    prediction_low, prediction_high
        The prediction interval of one more seed; the smallest and the largest value where fewer
        than 39 seeds, too few for 95 %, are summarised by ranks.
    method
        How the two intervals were made.
    confidence
        Coverage of the estimate's interval.
    """

    value: float = NAN
    low: float = NAN
    high: float = NAN
    prediction_low: float = NAN
    prediction_high: float = NAN
    method: str = "none"
    confidence: float = CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class Judged(Spread):
    """What the seeds say about a statement: columns of the table of claims."""

    verdict: str
    reasoning: str
    n: int = 0
    n_failed: int = 0
    share: float = NAN
    share_low: float = NAN
    share_high: float = NAN
    sample: list[float] = field(default_factory=list)


def judge(statement: Statement, values: Array, compared: Array | None = None) -> Judged:
    """Judge a statement by the share of seeds for which it holds; see `agreement`.

    The estimate of a reported number is the number's, of anything else the share.
    """
    agrees = agreement(statement, values, compared)
    share, low, high = _share(agrees)
    is_number = statement.comparator in ("equals", "open") and not statement.is_about_learning
    if is_number:
        spread = spread_of(values[~np.isnan(values)], statement.measure.scale)
    else:
        spread = Spread(share, low, high, method=WILSON)
    return Judged(
        **vars(spread),
        verdict=ANSWERED if statement.open else of_share(low, high),
        reasoning=_reason(statement, spread, values, agrees),
        n=len(values),
        n_failed=int(np.isnan(values[:, 0] if is_number else agrees).sum()),
        share=share,
        share_low=low,
        share_high=high,
        sample=thinned(values[:, 0]) if values.shape[1] == 1 else [],
    )


def agreement(statement: Statement, values: Array, compared: Array | None = None) -> Array:
    """Return for which seeds a statement holds, axis (seed,): 1, 0, or NaN without a value.

    Parameters
    ----------
    values
        The measure, axes (seed, value), NaN without one; several values only for an order, which
        must hold in all.
    compared
        Values of the network, or the other values of the same runs, that the statement compares
        with, if it does; same axes.
    """
    if compared is None:
        compared = np.full_like(values, statement.reported_range[0] or 0.0)
    bound, rounding = compared * statement.times, statement.measure.rounding
    if statement.comparator == "open":
        agrees = values > 0.5 if statement.is_about_learning else np.full_like(values, NAN)
    elif statement.comparator == "equals":
        low, high = (float(end or 0) for end in statement.reported_range)
        agrees = near(values, low, high, statement.within, statement.measure.scale, rounding)
    elif statement.near:
        agrees = np.abs(values - bound) < statement.by - rounding
    else:
        sign = 1 if statement.above else -1
        agrees = sign * (values - bound) > statement.by + rounding
    missing = np.isnan(values + bound).any(axis=1)
    return np.where(missing, NAN, agrees.min(axis=1))


def near(
    values: Array,
    low: float,
    high: float,
    within: float | None,
    scale: str,
    rounding: float = 0.0,
) -> NDArray[np.bool_]:
    """Return which seeds come near a reported number: within a difference of it, on a log scale
    within a factor; or inside a range. Its ends are inside, and what equals them but for
    rounding."""
    if within is None:
        return (values >= low - rounding) & (values <= high + rounding)
    if scale == "log":
        return (values >= low / within) & (values <= high * within)
    return np.abs(values - low) <= within + rounding


def of_share(low: float, high: float) -> str:
    """Return the verdict on a statement from the 95 % interval of the share of seeds for which it
    holds."""
    if low >= 0.7:
        return HOLDS
    if high <= 0.3:
        return NOT
    return DEPENDS if low >= 0.1 and high <= 0.9 else UNDECIDED


def of_claim(verdicts: Collection[str]) -> str:
    """Return the worst of the verdicts on a claim's statements that are not open; without any, the
    claim is a question, and answered."""
    return next((name for name in WORST_FIRST if name in verdicts), ANSWERED)


def share_of_all(agreements: list[Array]) -> tuple[float | None, int]:
    """Return the share of the seeds for which every statement that they have a value in holds, and
    the number of seeds with a value in one. None and 0 without any."""
    all_hold = np.fmin.reduce(agreements) if agreements else np.array([NAN])
    known = all_hold[~np.isnan(all_hold)]
    return (float(known.mean()) if len(known) else None), len(known)


def lowest_share(agreements: Iterable[list[Array]]) -> tuple[float | None, int]:
    """Return the lowest `share_of_all` of several networks, whose seeds have nothing in common, and
    its number of seeds."""
    shares = [share_of_all(of_network) for of_network in agreements]
    known = [(share, n) for share, n in shares if share is not None]
    return min(known, default=(None, 0))


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


def thinned(values: Array, largest: int = 60) -> list[float]:
    """Return the values in ascending order, thinned to equally spaced ranks."""
    ordered = np.sort(values[np.isfinite(values)])
    if not len(ordered):
        return []
    ranks = np.linspace(0, len(ordered) - 1, min(largest, len(ordered))).round().astype(int)
    return [float(value) for value in ordered[np.unique(ranks)]]


def _share(agrees: Array) -> tuple[float, float, float]:
    """Return a share of seeds with its Wilson interval; NaN without seeds."""
    share = wilson(np.nansum(agrees), np.isfinite(agrees).sum())
    return float(share.value), float(share.low), float(share.high)


def _reason(statement: Statement, spread: Spread, values: Array, agrees: Array) -> str:
    """Return in words how many seeds agree; of a number that is asked, its estimate."""
    count, seeds = int(np.nansum(agrees)), int(np.isfinite(agrees).sum())
    share = interval(*_share(agrees))
    if statement.is_about_learning:
        learned = f"{np.nansum(values):,.0f} of {plural(seeds, 'seed')} learned"
        holds = "" if statement.open else f", and the statement holds for {count:,}"
        return f"{learned}{holds}: {share}."
    if statement.comparator == "open":
        estimate = interval(spread.value, spread.low, spread.high)
        return f"Nothing was reported; the seeds give {estimate} ({spread.method})."
    if statement.comparator == "equals":
        reported = f"the reported {range_words(*statement.reported_range)}{statement.nearness}"
        return f"{count:,} of {plural(seeds, 'seed')} come near {reported}: {share}."
    unit = "seed pair" if statement.bound and statement.bound.arm is not None else "seed"
    return f"It holds for {count:,} of {plural(seeds, unit)}: {share}."
