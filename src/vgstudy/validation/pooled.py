"""Comparisons over all depths of a setting: the exact test of a common odds ratio, its interval,
the test that it is the same at all depths, and the effects of two changes.

Most depths are one-sided: all runs learn, or none.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from vgstudy.analysis.contrasts import WEIGHTS
from vgstudy.analysis.intervals import weighted_sum, wilson
from vgstudy.analysis.strata import Strata, homogeneity, odds_ratio
from vgstudy.validation.proportions import EVERY_DEPTH, SLOWLY, STEEPLY
from vgstudy.validation.trials import (
    PRIMARY,
    SEEDS,
    Trial,
    ends_interval,
    error_trial,
    interval_trial,
)

Array = NDArray[np.float64]

FEW = "hardly any run learns"
# P(learned) at depths 1 to 10
TRUTHS: Mapping[str, Array] = {
    SLOWLY: expit((5.4 - EVERY_DEPTH) / 1.5),
    STEEPLY: expit((5.4 - EVERY_DEPTH) / 0.2),
    FEW: np.where(EVERY_DEPTH < 5, 0.05, 0.001),
}
ODDS_RATIO = 4.0
TABLES = 199  # drawn for the test of equal odds ratios
FEWER = 4  # repetitions are fewer by this: a test takes milliseconds


def over_depths(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try both tests and the interval of the odds ratio."""
    for name, share in TRUTHS.items():
        better = expit(logit(share) + np.log(ODDS_RATIO))
        for n in SEEDS:
            equal = _strata(share, share, n, repetitions // FEWER, rng)
            p = np.array([odds_ratio(each).p for each in equal])
            yield error_trial("common odds ratio, test", name, n, p)
            unequal = _strata(better, share, n, repetitions // FEWER, rng)
            found = [odds_ratio(each) for each in unequal]
            ends = (np.array([getattr(each, end) for each in found]) for end in ("low", "high"))
            interval = ends_interval(*ends)
            yield interval_trial("common odds ratio", PRIMARY, name, n, interval, ODDS_RATIO)
            same = np.array([homogeneity(each, rng, TABLES) for each in unequal])
            yield error_trial("Zelen's test of equal odds ratios", name, n, same[~np.isnan(same)])


def _strata(
    one: Array, other: Array, n: int, repetitions: int, rng: np.random.Generator
) -> list[Strata]:
    runs = np.full(len(one), n)
    drawn = (rng.binomial(n, share, (repetitions, len(share))) for share in (one, other))
    return [
        Strata.of(learned, runs, against, runs) for learned, against in zip(*drawn, strict=True)
    ]


def two_changes(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the effects of two changes, averaged over depths."""
    for name, share in TRUTHS.items():
        corners = expit(logit(share) + np.array([0, 0.5, 1, 3])[:, None])
        for n in SEEDS:
            drawn = wilson(rng.binomial(n, corners, (repetitions, *corners.shape)), n)
            for effect, weight in zip(
                ("first change", "interaction"), WEIGHTS[[0, 2]], strict=True
            ):
                each = np.repeat(weight, len(share)) / len(share)
                ends = (
                    getattr(drawn, end).reshape(repetitions, -1) for end in ("value", "low", "high")
                )
                truth = float(each @ corners.reshape(-1))
                interval, about = weighted_sum(each, *ends), f"{effect}: {name}"
                yield interval_trial("Newcombe, sum of shares", PRIMARY, about, n, interval, truth)
