"""False findings of every test offered, and the intervals of the variance decomposition and of the
area under the ROC curve."""

import gc
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.auc import auc, auc_within, resampled
from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted, fisher
from vgstudy.analysis.intervals import equal_tails, moments, welch_difference
from vgstudy.analysis.variances import account
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
# P(failed) of each cell; where networks fail more often, scores are higher
FAILS = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
SHIFT = 0.7  # of the score of a run that fails
SPREAD = 1.0  # of the mean scores of cells
LARGE_SAMPLE = 50_000  # runs of a cell that stand for infinitely many
DRAWS = 200


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


def areas(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the area under the ROC curve over all pairs of runs, and over pairs of runs of the same
    cell."""
    once = np.ones((1, LARGE_SAMPLE * len(FAILS)))
    score, failed, _ = _runs(LARGE_SAMPLE, rng)
    truth = (auc(score, failed, once)[0], auc_within(*_runs(LARGE_SAMPLE, rng), once)[0])
    names = ("AUC", "AUC within cells")
    for n in SEEDS:
        ends = np.array([_auc_ends(n, rng) for _ in range(repetitions)])
        by_area = zip(names, truth, np.moveaxis(ends, 0, -1), strict=True)
        for name, value, (low, high) in by_area:
            procedure = f"{name}, seeds resampled within cells"
            interval = ends_interval(low, high)
            yield interval_trial(procedure, PRIMARY, "6 cells", n, interval, float(value))


def _auc_ends(n: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return the intervals of both areas from one sample of n seeds of each cell."""
    score, failed, cell = _runs(n, rng)
    weight = resampled(cell, DRAWS, rng)
    draws = (auc(score, failed, weight), auc_within(score, failed, cell, weight))
    return [equal_tails(each) for each in draws]


def _runs(n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64]]:
    """Draw score, whether the run failed, and cell, axis (run,), of n seeds of each cell."""
    cell = np.repeat(np.arange(len(FAILS)), n)
    failed = rng.random(len(cell)) < FAILS[cell]
    return rng.normal(SPREAD * FAILS[cell] + SHIFT * failed), failed, cell
