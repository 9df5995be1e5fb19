"""Intervals for shares of seeds, their differences, shares along the depths of a setting, and the
depth limit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from vgstudy.analysis.depth_curves import curve_of_shares
from vgstudy.analysis.depth_limit import crossing, difference, limit, monotone, p_monotone
from vgstudy.analysis.intervals import mean_t, moments
from vgstudy.analysis.share_intervals import DKW, dkw, newcombe, wilson
from vgstudy.validation.trials import (
    PRIMARY,
    SEEDS,
    Trial,
    band_trial,
    ends_interval,
    error_trial,
    interval_trial,
)

Array = NDArray[np.float64]

SHARES = (0.05, 0.5, 0.9)
EVERY_DEPTH, FEW_DEPTHS = np.arange(1.0, 11.0), np.array([1.0, 5.0, 15.0, 20.0])
RISES = np.array([0.3, 0.6, 0.9, 0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05])
DIPS = np.array([0.95, 0.9, 0.7, 0.3, 0.2, 0.3, 0.7, 0.6, 0.3, 0.1])
DRAWS, TEST_DRAWS = 250, 199
MISFIT = "test of the monotone fit"


@dataclass(frozen=True)
class Setting:
    """P(learned) at the depths of a setting, axis (depth,), and its depth limit, in layers."""

    depth: Array
    share: Array
    limit: float


def fitted(depth: Array, share: Array) -> Setting:
    """Return a setting with the limit of the nearest shares that never rise with depth, linear
    between depths."""
    return Setting(depth, share, float(crossing(monotone(share, np.ones_like(share)), depth)))


def falling(scale: float, at: float = 5.4) -> Setting:
    """Return a setting of logistic shares."""
    return fitted(EVERY_DEPTH, expit((at - EVERY_DEPTH) / scale))


def far_apart(at: float = 9.0, scale: float = 0.5) -> Setting:
    """Return a setting of logistic shares at few depths; the limit is where they fall below one
    half, which no depth of the setting shows."""
    return Setting(FEW_DEPTHS, expit((at - FEW_DEPTHS) / scale), at)


SLOWLY, STEEPLY = "P(learned) falls over 6 depths", "P(learned) falls within a depth"
# by name, each with another setting to compare limits with; a new one comes last, so that the
# random streams of the others stay
SETTINGS: Mapping[str, tuple[Setting, Setting]] = {
    SLOWLY: (falling(1.5), falling(1.5, 7.4)),
    STEEPLY: (falling(0.2), falling(0.2, 7.4)),
    "P(learned) falls between depths far apart": (far_apart(), far_apart(11.0)),
    "P(learned) rises, then falls: of its monotone fit": (
        fitted(EVERY_DEPTH, RISES),
        falling(1.5),
    ),
    "P(learned) dips and recovers: of its monotone fit": (fitted(EVERY_DEPTH, DIPS), falling(1.5)),
}


TWENTY = np.arange(1.0, 21.0)
CURVES: Mapping[str, Array] = {
    "P(learned) .99 at 20 depths": np.full(20, 0.99),
    "P(learned) .03 at 20 depths": np.full(20, 0.03),
    "P(learned) falls over 20 depths": np.linspace(0.98, 0.05, 20),
    "P(learned) .99, falls from depth 15": np.interp(TWENTY, [15, 20], [0.99, 0.2]),
}


def shares(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try intervals for single shares and for differences of two."""
    for share in SHARES:
        for n in SEEDS:
            interval = wilson(rng.binomial(n, share, repetitions), n)
            yield interval_trial("Wilson", PRIMARY, f"share {share:g}", n, interval, share)
    for one, other in ((0.5, 0.5), (0.9, 0.6)):
        for n in SEEDS:
            groups = (wilson(rng.binomial(n, share, repetitions), n) for share in (one, other))
            truth, difference = f"shares {one:g} and {other:g}", newcombe(*groups)
            yield interval_trial("Newcombe, difference", PRIMARY, truth, n, difference, one - other)


def depths(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try shares at every depth of a setting at once, and the depth at which half the seeds
    learn."""
    for name, (one, other) in SETTINGS.items():
        for n in SEEDS:
            yield from _trials_of_depths(name, one, other, n, repetitions, rng)


def _trials_of_depths(
    name: str, one: Setting, other: Setting, n: int, repetitions: int, rng: np.random.Generator
) -> Iterator[Trial]:
    depth, count = one.depth, len(one.depth)
    seeds = np.full(count, float(n))
    learned = rng.binomial(n, one.share, (repetitions, count)).astype(float)
    limits = [limit(depth, row, seeds, rng, DRAWS) for row in learned]
    ends = _stacked([fit.interval() for fit in limits])
    yield interval_trial("depth limit", PRIMARY, name, n, ends_interval(*ends), one.limit)
    learned_by_other = rng.binomial(n, other.share, learned.shape).astype(float)
    others = [limit(depth, row, seeds, rng, DRAWS) for row in learned_by_other]
    differences = [difference(fit, against) for fit, against in zip(others, limits, strict=True)]
    ends = _stacked([(each.low, each.high) for each in differences])
    interval, value = ends_interval(*ends), other.limit - one.limit
    yield interval_trial("difference of depth limits", PRIMARY, name, n, interval, value)


def curves(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the bands of curves over all depths of the default study."""
    for name, share in CURVES.items():
        for n in SEEDS:
            seeds = np.full(len(share), float(n))
            learned = rng.binomial(n, share, (repetitions, len(share)))
            fitted_curves = [curve_of_shares(row / n, seeds) for row in learned]
            low, high = (np.array([curve[end] for curve in fitted_curves]) for end in (1, 2))
            band = ends_interval(low, high)
            yield band_trial("band of a curve over depths", PRIMARY, name, n, band, share)


def misfits(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Count how often shares that do not rise with depth are taken to rise; flat ones are the
    hardest."""
    truths = {name: SETTINGS[name][0].share for name in (SLOWLY, STEEPLY)}
    truths["P(learned) one half at every depth"] = np.full(len(EVERY_DEPTH), 0.5)
    for name, share in truths.items():
        for n in SEEDS:
            seeds = np.full(len(share), float(n))
            learned = rng.binomial(n, share, (repetitions, len(share))).astype(float)
            p = np.array([p_monotone(row, seeds, rng, TEST_DRAWS)[1] for row in learned])
            yield error_trial(MISFIT, name, n, p)


def waits(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the share that has learned by each of 50 tests, and the mean number of tests until then,
    at most 50."""
    tests = np.arange(1.0, 51.0)
    for share, scale in ((0.5, 20.0), (0.9, 5.0)):
        by = share * (1 - np.exp(-tests / scale))
        mean = 50 - by[:-1].sum()
        name = f"{share:.0%} learn, after {scale:g} of 50 tests"
        for n in SEEDS:
            first = 1.0 + np.searchsorted(by, rng.random((repetitions, n)))
            learned = (first[:, :, None] <= tests).mean(axis=1)
            yield band_trial(DKW, PRIMARY, name, n, dkw(learned, n), by)
            interval = mean_t(moments(np.minimum(first, 50)))
            yield interval_trial("t of epochs to learn", PRIMARY, name, n, interval, mean)


def _stacked(ends: Sequence[tuple[float, float]]) -> tuple[Array, Array]:
    low, high = np.transpose(ends)
    return low, high
