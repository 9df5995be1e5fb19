"""False findings of every test offered, and the intervals of what compares cells: shares of
variance, one odds ratio for all depths, two changes made at once."""

import gc
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted, fisher
from vgstudy.analysis.intervals import moments, welch_difference
from vgstudy.analysis.share_intervals import weighted_sum, wilson
from vgstudy.analysis.strata import Strata, homogeneity, odds_ratio
from vgstudy.analysis.two_by_two import WEIGHTS
from vgstudy.analysis.variances import account
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

TESTS = 20  # of a family
SHARES = {"depth": 0.5, "width": 0.1, "seed": 0.4}


def false_findings(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try tests where there is nothing to find."""
    for n in SEEDS:
        one, other = rng.binomial(n, 0.5, (2, repetitions)).astype(float)
        seeds = np.full(repetitions, float(n))
        yield error_trial("Fisher", "equal shares of one half", n, fisher(one, seeds, other, seeds))
        p, family = _family_of_tests(repetitions, n, rng)
        for name, method in (("Holm", HOLM), ("false discovery rate", EXPLORATORY)):
            # statsmodels' Holm collects garbage at every call, which is slow with much in memory
            gc.freeze()
            smallest = adjusted(p, family, method).reshape(repetitions, TESTS).min(axis=1)
            gc.unfreeze()
            yield error_trial(name, f"{TESTS} contrasts of equal cells", n, smallest)


def _family_of_tests(
    repetitions: int, n: int, rng: np.random.Generator
) -> tuple[Array, "pd.Series[str]"]:
    """Return p values of Welch tests of equal means, and the family of each, axis (test,)."""
    one, other = (moments(rng.normal(0, sd, (repetitions, TESTS, n))) for sd in (0.3, 0.6))
    family = pd.Series(np.repeat(np.arange(repetitions), TESTS).astype(str))
    return welch_difference(one, other).p.reshape(-1), family


def variances(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the shares of a variance whose parts are known."""
    grid = [(depth, width) for depth in range(4) for width in range(2)]
    levels = pd.DataFrame(grid, columns=["depth", "width"])
    of_depth = np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(1.25) * np.sqrt(SHARES["depth"])
    of_width = np.where(levels["width"] == 1, 1, -1) * np.sqrt(SHARES["width"])
    mean = of_depth[levels["depth"]] + of_width
    for n in SEEDS:
        noise = rng.normal(0, np.sqrt(SHARES["seed"]), (repetitions, len(mean), n))
        cells = moments(mean[:, None] + noise)
        tables = [
            account(levels, cells.n[r], cells.mean[r], cells.var[r], rng).set_index("source")
            for r in range(repetitions)
        ]
        for source, share in SHARES.items():
            ends = (np.array([t.loc[source, end] for t in tables]) for end in ("low", "high"))
            truth = f"share {share:g} of {source}"
            interval = ends_interval(*ends)
            yield interval_trial("variance account", PRIMARY, truth, n, interval, share)


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
                ("first change", "interaction"), WEIGHTS[[0, -1]], strict=True
            ):
                each = np.repeat(weight, len(share)) / len(share)
                ends = (
                    getattr(drawn, end).reshape(repetitions, -1) for end in ("value", "low", "high")
                )
                truth = float(each @ corners.reshape(-1))
                interval, about = weighted_sum(each, *ends), f"{effect}: {name}"
                yield interval_trial("Newcombe, sum of shares", PRIMARY, about, n, interval, truth)
