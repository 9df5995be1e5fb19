"""Exact tests of two groups of runs over strata, given how many runs of each stratum learned.

Given these margins, the number of runs of the first group that learned is, in each stratum, a
hypergeometric number tilted by the odds ratio. With one odds ratio for all strata their sum decides
(Gart 1970, Biometrika 57:471; R's `mantelhaen.test(exact = TRUE)`). Its distribution is the
convolution of those of the strata. Weights are kept as logs: those of rare sums underflow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp

from vgstudy.analysis.intervals import CONFIDENCE

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

DRAWS = 9999
POWER = 0.8
# natural logs of odds ratios that counts can tell from 0 and from infinity
LOG_ODDS = 50.0
# probabilities this near are equal, as in R's and SciPy's exact tests
NEAR = 1e-7


@dataclass(frozen=True)
class OddsRatio:
    """An odds ratio, the ends of its interval, and the two-sided p value of an odds ratio of 1.

    Infinite or 0 where no table of the same margins is more extreme.
    """

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Strata:
    """Runs that learned and all runs of two groups, axis (stratum,).

    Strata in which all runs or none learned say nothing about the odds ratio and drop out.
    """

    learned: Counts
    n: Counts
    learned_reference: Counts
    n_reference: Counts

    @classmethod
    def of(cls, learned: ArrayLike, n: ArrayLike, other: ArrayLike, n_other: ArrayLike) -> "Strata":
        """Return the informative strata of counts, axis (stratum,)."""
        counts = np.array([learned, n, other, n_other]).astype(np.int64)
        total, runs = counts[0] + counts[2], counts[1] + counts[3]
        mixed = (counts[1] > 0) & (counts[3] > 0) & (total > 0) & (total < runs)
        return cls(*counts[:, mixed])

    @property
    def fewest(self) -> Counts:
        """The fewest runs of the first group that can have learned, given the margins."""
        fewest: Counts = np.maximum(0, self.learned + self.learned_reference - self.n_reference)
        return fewest

    @cached_property
    def logs(self) -> list[Array]:
        """Log weight of each possible number of the first group, from the fewest on, by stratum."""
        total = self.learned + self.learned_reference
        each = zip(self.n, self.n_reference, total, self.fewest, strict=True)
        return [
            _log_choose(n, x) + _log_choose(m, t - x)
            for n, m, t, low in each
            for x in [np.arange(low, min(n, t) + 1)]
        ]

    @cached_property
    def sums(self) -> list[Array]:
        """Log weights of the sum over the first 0, 1, 2 ... strata, from the smallest on."""
        return list(accumulate(self.logs, convolved, initial=np.zeros(1)))

    @property
    def observed(self) -> int:
        """The observed sum, counted from the smallest possible one."""
        return int((self.learned - self.fewest).sum())

    def probabilities(self, log_odds: float) -> Array:
        """Return the probability of each sum at an odds ratio."""
        logs = self.sums[-1] + log_odds * np.arange(len(self.sums[-1]))
        chances: Array = np.exp(logs - logsumexp(logs))
        return chances

    def p_values(self) -> Array:
        """Return for each sum the two-sided p value: all sums that are at most as likely."""
        chances = self.probabilities(0.0)
        order = np.sort(chances)
        below = np.searchsorted(order, chances * (1 + NEAR), side="right")
        return np.minimum(np.cumsum(order)[below - 1], 1.0)


def convolved(one: Array, other: Array) -> Array:
    """Return the log weights of the sum of two numbers from their log weights."""
    logs = np.full(len(one) + len(other) - 1, -np.inf)
    for shift, weight in enumerate(other):
        part = logs[shift : shift + len(one)]
        np.logaddexp(part, one + weight, out=part)
    return logs


def odds_ratio(strata: Strata) -> OddsRatio:
    """Return the common odds ratio by conditional maximum likelihood, its exact interval and p.

    The interval has equal tails, as that of Clopper and Pearson. Without an informative stratum
    nothing is known: NaN, from 0 to infinity, p = 1.
    """
    last, seen = len(strata.sums[-1]) - 1, strata.observed
    if last == 0:
        return OddsRatio(np.nan, 0.0, np.inf, 1.0)
    tail = (1 - CONFIDENCE) / 2
    sums = np.arange(last + 1)

    def at(excess: Callable[[Array], float]) -> float:
        found = brentq(lambda log: excess(strata.probabilities(log)), -LOG_ODDS, LOG_ODDS)
        return float(np.exp(found))

    inside = {0: 0.0, last: np.inf}
    value = inside[seen] if seen in inside else at(lambda chance: float(chance @ sums) - seen)
    low = 0.0 if seen == 0 else at(lambda chance: float(chance[seen:].sum()) - tail)
    high = np.inf if seen == last else at(lambda chance: tail - float(chance[: seen + 1].sum()))
    return OddsRatio(value, low, high, float(strata.p_values()[seen]))


def detectable(strata: Strata, alpha: float) -> float:
    """Return the smallest odds ratio above 1 that is found at level alpha with a power of
    POWER, given the margins; infinite if none is."""
    found = strata.p_values() < alpha

    def excess(log_odds: float) -> float:
        return float(strata.probabilities(log_odds)[found].sum()) - POWER

    if excess(LOG_ODDS) < 0:
        return float("inf")
    return float(np.exp(brentq(excess, 0.0, LOG_ODDS)))


def homogeneity(strata: Strata, rng: np.random.Generator, draws: int = DRAWS) -> float:
    """Return the p value of one odds ratio for all strata: Zelen's exact test (1971, Biometrika
    58:129).

    Given margins and sum, tables at most as likely as the observed one count against it. Tables are
    drawn, because there are too many to list; the observed one counts as one of the draws, which
    keeps the level. NaN below two informative strata.
    """
    if len(strata.logs) < 2:
        return float("nan")
    rest, likelihood = np.full(draws, strata.observed), np.zeros(draws)
    for logs, before in zip(strata.logs[::-1], strata.sums[-2::-1], strict=True):
        below = np.cumsum(_chances(logs, before), axis=1)[:, :-1]
        number = (rng.random((draws, 1)) > below[rest]).sum(axis=1)
        likelihood += logs[number]
        rest = rest - number
    own = strata.learned - strata.fewest
    seen = sum(logs[number] for logs, number in zip(strata.logs, own, strict=True))
    return float(1 + (likelihood <= seen + NEAR).sum()) / (draws + 1)


def _chances(logs: Array, before: Array) -> Array:
    """Return the probability of each number of a stratum, axes (sum up to it, number), given the
    log weights of the number, and of the sum of the strata before it."""
    rest = np.arange(len(logs) + len(before) - 1)[:, None] - np.arange(len(logs))
    possible = (rest >= 0) & (rest < len(before))
    weight = np.where(possible, logs + before[np.where(possible, rest, 0)], -np.inf)
    chances: Array = np.exp(weight - logsumexp(weight, axis=1, keepdims=True))
    return chances


def _log_choose(n: int, x: Counts) -> Array:
    logs: Array = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return logs
