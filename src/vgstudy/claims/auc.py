"""How well a score foretells a failure: the area under the ROC curve, with intervals that resample seeds within cells.

AUC is the probability that a run that failed has a higher score than a run that did not, ties counted half; one half is chance.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]


def auc(score: Array, failed: Mask, weight: Array) -> Array:
    """AUC with weights of the runs; axes: score and failed (run,), weight (repetition, run) -> (repetition,).

    NaN where no run failed or all did.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf) != 0) if len(order) else np.zeros(0, dtype=int)
    if not len(starts):
        return np.full(len(weight), np.nan)
    sorted_weight = weight[:, order]
    bad = np.add.reduceat(np.where(failed[order], sorted_weight, 0.0), starts, axis=1)
    good = np.add.reduceat(np.where(failed[order], 0.0, sorted_weight), starts, axis=1)
    below = np.cumsum(good, axis=1) - good
    return _ratio((bad * (below + good / 2)).sum(axis=1), bad.sum(axis=1) * good.sum(axis=1))


def auc_within(score: Array, failed: Mask, cell: Whole, weight: Array) -> Array:
    """AUC over pairs of runs of the same cell, which differ in nothing but their seed; axes as in `auc`."""
    bad, good = _pairs(failed, cell)
    wins = (score[bad] > score[good]) + (score[bad] == score[good]) / 2
    both = weight[:, bad] * weight[:, good]
    return _ratio(both @ wins, both.sum(axis=1))


def _pairs(failed: Mask, cell: Whole) -> tuple[Whole, Whole]:
    """Every failed run with every other run of its cell that did not fail."""
    bad: list[Whole] = []
    good: list[Whole] = []
    for one in np.unique(cell):
        own = np.flatnonzero(cell == one)
        losers, winners = own[failed[own]], own[~failed[own]]
        bad.append(np.repeat(losers, len(winners)))
        good.append(np.tile(winners, len(losers)))
    return np.concatenate(bad), np.concatenate(good)


def _ratio(above: Array, below: Array) -> Array:
    return np.where(below > 0, above, np.nan) / np.where(below > 0, below, 1.0)


def resampled(cell: Whole, repetitions: int, rng: np.random.Generator) -> Array:
    """How often each run is drawn when the seeds of every cell are drawn anew, with replacement; axes (repetition, run)."""
    weight = np.zeros((repetitions, len(cell)))
    for one in np.unique(cell):
        own = np.flatnonzero(cell == one)
        weight[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=repetitions)
    return weight


def percentile_interval(repeated: Array, confidence: float) -> tuple[float, float]:
    """The central part of repeated estimates; NaN without any."""
    known = repeated[~np.isnan(repeated)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
