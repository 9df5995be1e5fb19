"""The area under the ROC curve, with seeds resampled within cells."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.auc import auc, auc_within, resampled
from vgstudy.analysis.intervals import Interval, equal_tails
from vgstudy.validation.trials import PRIMARY, SEEDS, Trial, trial

Array = NDArray[np.float64]

FAILS = np.array(
    [0.05, 0.2, 0.4, 0.6, 0.8, 0.95]
)  # P(failed) of each cell; where nets fail more often, scores are higher
SHIFT, SPREAD = 0.7, 1.0  # of the score of a run that fails; of the mean scores of cells
MANY = 50_000  # runs of a cell that stand for infinitely many
DRAWS = 200


def areas(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """AUC over all pairs of runs, and over pairs of runs of the same cell."""
    once = np.ones((1, len(FAILS) * MANY))
    truth = [float(of(*_drawn(MANY, rng), once)[0]) for of in (_overall, auc_within)]
    for n in SEEDS:
        ends = np.array([_ends(n, rng) for _ in range(repetitions)])
        for name, value, (low, high) in zip(
            ("AUC", "AUC within cells"), truth, np.moveaxis(ends, 0, -1), strict=True
        ):
            yield trial(
                f"{name}, seeds resampled within cells",
                PRIMARY,
                "6 cells",
                n,
                Interval(low, low, high, low),
                value,
            )


def _ends(n: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Intervals of both areas from one sample of n seeds of each cell."""
    score, failed, cell = _drawn(n, rng)
    weight = resampled(cell, DRAWS, rng)
    return [equal_tails(of(score, failed, cell, weight)) for of in (_overall, auc_within)]


def _overall(score: Array, failed: NDArray[np.bool_], _: NDArray[np.int64], weight: Array) -> Array:
    return auc(score, failed, weight)


def _drawn(n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64]]:
    """Score, whether the run failed, and cell, axis (run,), of n seeds of each cell."""
    cell = np.repeat(np.arange(len(FAILS)), n)
    failed = rng.random(len(cell)) < FAILS[cell]
    return rng.normal(SPREAD * FAILS[cell] + SHIFT * failed), failed, cell
