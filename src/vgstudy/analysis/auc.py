"""How well a score predicts a failure: the area under the ROC curve, with intervals that resample
seeds within cells.

AUC is the probability that a run that failed has a higher score than a run that did not, ties
counted half; one half is chance.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]


BLOCK = 2_000_000  # numbers held at a time


def auc(score: Array, failed: Mask, weight: Array) -> Array:
    """AUC with weights of the runs; axes: score and failed (run,), weight (repetition, run) ->
    (repetition,).

    NaN where no run failed or all did.
    """
    return auc_within(score, failed, np.zeros(len(score), dtype=np.int64), weight)


def auc_within(score: Array, failed: Mask, cell: Whole, weight: Array) -> Array:
    """AUC over pairs of runs of the same cell, which differ in nothing but their seed; axes as in
    `auc`."""
    if not len(score):
        return np.full(len(weight), np.nan)
    order = np.lexsort((score, cell))
    score, failed, cell = score[order], failed[order], cell[order]
    is_first = np.append(True, cell[1:] != cell[:-1])
    ties = np.flatnonzero(
        is_first | np.append(True, score[1:] != score[:-1])
    )  # first run of each score of a cell
    cells = np.flatnonzero(is_first[ties])  # first score of each cell
    own = np.cumsum(is_first[ties]) - 1
    blocks = np.array_split(weight, 1 + weight.size // BLOCK)
    return np.concatenate(
        [_weighted(block[:, order], failed, ties, cells, own) for block in blocks]
    )


def _weighted(weight: Array, failed: Mask, ties: Whole, cells: Whole, own: Whole) -> Array:
    """AUC of runs in order: `ties` and `cells` are where they start, `own` is the cell of each
    tie."""
    bad = np.add.reduceat(np.where(failed, weight, 0.0), ties, axis=1)
    good = np.add.reduceat(np.where(failed, 0.0, weight), ties, axis=1)
    before = np.cumsum(good, axis=1) - good
    below = before - before[:, cells][:, own]  # of the same cell
    pairs = np.add.reduceat(bad, cells, axis=1) * np.add.reduceat(good, cells, axis=1)
    return _ratio((bad * (below + good / 2)).sum(axis=1), pairs.sum(axis=1))


def _ratio(above: Array, below: Array) -> Array:
    return np.where(below > 0, above, np.nan) / np.where(below > 0, below, 1.0)


def resampled(cell: Whole, repetitions: int, rng: np.random.Generator) -> Array:
    """Weights of runs when the seeds of every cell are drawn anew, with replacement; axes
    (repetition, run).

    One seed less than the cell has is drawn, and its weights add up to the seeds: drawing all of
    them understates the variance of a mean by (n - 1) / n (Rao & Wu 1988, JASA 83:231).
    """
    weight = np.zeros((repetitions, len(cell)))
    for one in np.unique(cell):
        own = np.flatnonzero(cell == one)
        n, drawn = len(own), max(len(own) - 1, 1)
        weight[:, own] = n / drawn * rng.multinomial(drawn, np.full(n, 1 / n), size=repetitions)
    return weight
