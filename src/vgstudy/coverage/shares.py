"""Intervals for shares of seeds, their differences, shares along the depths of a setting, and the depth limit."""

from collections.abc import Iterator

import numpy as np
from scipy.special import expit

from vgstudy.analysis.intervals import CONFIDENCE, Interval, clopper_pearson, newcombe, wilson
from vgstudy.analysis.limits import crossing, ends, limit, monotone
from vgstudy.coverage.trials import LABELLED, PRIMARY, SECOND, SEEDS, Trial, joint, trial

SHARES = (0.05, 0.5, 0.9)
DEPTH = np.arange(1.0, 11.0)
FALLS = {"P(learned) falls over 6 depths": 1.5, "P(learned) falls within a depth": 0.2}
DRAWS = 250


def shares(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Single shares and differences of two."""
    for share in SHARES:
        for n in SEEDS:
            count = rng.binomial(n, share, repetitions)
            yield trial("Wilson", LABELLED, f"share {share:g}", n, wilson(count, n), share)
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
            low, high = np.transpose([ends(limit(DEPTH, row, seeds, rng, DRAWS).draws) for row in learned])
            yield trial("depth limit", PRIMARY, name, n, Interval(low, low, high, low), value)
