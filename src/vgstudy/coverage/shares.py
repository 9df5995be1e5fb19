"""Intervals for shares of seeds, their differences, shares along the depths of a setting, and the depth limit."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from vgstudy.analysis.intervals import CONFIDENCE, Interval, clopper_pearson, newcombe, wilson
from vgstudy.analysis.limits import crossing, ends, limit, monotone
from vgstudy.coverage.trials import PRIMARY, SECOND, SEEDS, Trial, joint, trial

Array = NDArray[np.float64]

SHARES = (0.05, 0.5, 0.9)
DEPTH = np.arange(1.0, 11.0)
FALLS = {"P(learned) falls over 6 depths": 1.5, "P(learned) falls within a depth": 0.2}
DRAWS = 250


def shares(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Single shares and differences of two."""
    for share in SHARES:
        for n in SEEDS:
            count = rng.binomial(n, share, repetitions)
            yield trial("Wilson", PRIMARY, f"share {share:g}", n, wilson(count, n), share)
            yield trial("Clopper-Pearson", SECOND, f"share {share:g}", n, clopper_pearson(count, n), share)
    for one, other in ((0.5, 0.5), (0.9, 0.6)):
        for n in SEEDS:
            groups = (wilson(rng.binomial(n, share, repetitions), n) for share in (one, other))
            yield trial("Newcombe, difference", PRIMARY, f"shares {one:g} and {other:g}", n, newcombe(*groups), one - other)


def depths(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Shares at every depth of a setting at once, and the depth at which half the seeds learn."""
    for name, scale in FALLS.items():
        share = expit((5.4 - DEPTH) / scale)
        value = float(crossing(monotone(share, np.ones_like(share)), DEPTH))
        for n in SEEDS:
            learned = rng.binomial(n, share, (repetitions, len(DEPTH))).astype(float)
            found = clopper_pearson(learned, n, CONFIDENCE ** (1 / len(DEPTH)))
            yield joint("Clopper-Pearson, Šidák over depths", PRIMARY, name, n, found, share)
            seeds = np.full(len(DEPTH), float(n))
            limits = [limit(DEPTH, row, seeds, rng, DRAWS) for row in learned]
            yield trial("depth limit", PRIMARY, name, n, _interval([found.draws for found in limits]), value)
            other = expit((7.4 - DEPTH) / scale)
            others = [limit(DEPTH, row, seeds, rng, DRAWS) for row in rng.binomial(n, other, learned.shape).astype(float)]
            differences = [o.within(o.draws) - found.within(found.draws) for o, found in zip(others, limits, strict=True)]
            further = float(crossing(monotone(other, np.ones_like(other)), DEPTH)) - value
            yield trial("difference of depth limits", PRIMARY, name, n, _interval(differences), further)


def _interval(draws: Sequence[Array]) -> Interval:
    low, high = np.transpose([ends(each) for each in draws])
    return Interval(low, low, high, low)
