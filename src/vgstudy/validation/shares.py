"""Intervals for shares of seeds, their differences, shares along the depths of a setting, and the
depth limit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from vgstudy.analysis.intervals import (
    ALPHA,
    CONFIDENCE,
    Interval,
    clopper_pearson,
    newcombe,
    wilson,
)
from vgstudy.analysis.limits import limit
from vgstudy.analysis.monotone import crossing, monotone, p_monotone
from vgstudy.validation.trials import PRIMARY, SECOND, SEEDS, Trial, joint, trial

Array = NDArray[np.float64]

SHARES = (0.05, 0.5, 0.9)
EVERY, FEW = np.arange(1.0, 11.0), np.array([1.0, 5.0, 15.0, 20.0])
RISES = np.array([0.3, 0.6, 0.9, 0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05])
DIPS = np.array([0.95, 0.9, 0.7, 0.3, 0.2, 0.3, 0.7, 0.6, 0.3, 0.1])
DRAWS, TEST_DRAWS = 250, 199
MISFIT = "test of the monotone fit"


@dataclass(frozen=True)
class Setting:
    """P(learned) at the depths of a setting, and its limit, in layers."""

    depth: Array
    share: Array
    limit: float


def fitted(depth: Array, share: Array) -> Setting:
    """The limit is that of the nearest shares that never rise with depth, linear between depths."""
    return Setting(depth, share, float(crossing(monotone(share, np.ones_like(share)), depth)))


def falling(scale: float, at: float = 5.4) -> Setting:
    """Logistic shares."""
    return fitted(EVERY, expit((at - EVERY) / scale))


def apart(at: float = 9.0, scale: float = 0.5) -> Setting:
    """Logistic shares at few depths; the limit is where they fall below one half, which no depth of
    the setting shows."""
    return Setting(FEW, expit((at - FEW) / scale), at)


# P(learned) by name, with another setting to compare limits with; a new one comes last: the streams
# of the others stay
SETTINGS: Mapping[str, tuple[Setting, Setting]] = {
    "P(learned) falls over 6 depths": (falling(1.5), falling(1.5, 7.4)),
    "P(learned) falls within a depth": (falling(0.2), falling(0.2, 7.4)),
    "P(learned) falls between depths far apart": (apart(), apart(11.0)),
    "P(learned) rises, then falls: of its monotone fit": (fitted(EVERY, RISES), falling(1.5)),
    "P(learned) dips and recovers: of its monotone fit": (fitted(EVERY, DIPS), falling(1.5)),
}


def shares(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Single shares and differences of two."""
    for share in SHARES:
        for n in SEEDS:
            count = rng.binomial(n, share, repetitions)
            yield trial("Wilson", PRIMARY, f"share {share:g}", n, wilson(count, n), share)
            yield trial(
                "Clopper-Pearson", SECOND, f"share {share:g}", n, clopper_pearson(count, n), share
            )
    for one, other in ((0.5, 0.5), (0.9, 0.6)):
        for n in SEEDS:
            groups = (wilson(rng.binomial(n, share, repetitions), n) for share in (one, other))
            yield trial(
                "Newcombe, difference",
                PRIMARY,
                f"shares {one:g} and {other:g}",
                n,
                newcombe(*groups),
                one - other,
            )


def depths(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Shares at every depth of a setting at once, and the depth at which half the seeds learn."""
    for name, (one, other) in SETTINGS.items():
        depth, count = one.depth, len(one.depth)
        for n in SEEDS:
            learned = rng.binomial(n, one.share, (repetitions, count)).astype(float)
            if np.all(np.diff(one.share) <= 0):
                found = clopper_pearson(learned, n, CONFIDENCE ** (1 / count))
                yield joint(
                    "Clopper-Pearson, Šidák over depths", PRIMARY, name, n, found, one.share
                )
            seeds = np.full(count, float(n))
            limits = [limit(depth, row, seeds, rng, DRAWS) for row in learned]
            yield trial(
                "depth limit",
                PRIMARY,
                name,
                n,
                _interval([found.ends() for found in limits]),
                one.limit,
            )
            further = rng.binomial(n, other.share, learned.shape).astype(float)
            others = [limit(depth, row, seeds, rng, DRAWS) for row in further]
            differences = [
                found.minus(against) for found, against in zip(others, limits, strict=True)
            ]
            value = other.limit - one.limit
            yield trial(
                "difference of depth limits", PRIMARY, name, n, _interval(differences), value
            )


def misfits(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """How often shares that do not rise with depth are taken to rise; of flat ones it is
    easiest."""
    nothing = np.full(repetitions, np.nan)
    truths = {
        name: SETTINGS[name][0].share
        for name in ("P(learned) falls over 6 depths", "P(learned) falls within a depth")
    }
    for name, share in (
        truths | {"P(learned) one half at every depth": np.full(len(EVERY), 0.5)}
    ).items():
        for n in SEEDS:
            seeds = np.full(len(share), float(n))
            drawn = rng.binomial(n, share, (repetitions, len(share))).astype(float)
            p = np.array([p_monotone(row, seeds, rng, TEST_DRAWS)[1] for row in drawn])
            yield Trial(MISFIT, PRIMARY, name, n, ALPHA, (p < ALPHA).astype(float), nothing)


def _interval(found: Sequence[tuple[float, float]]) -> Interval:
    low, high = np.transpose(found)
    return Interval(low, low, high, low)
