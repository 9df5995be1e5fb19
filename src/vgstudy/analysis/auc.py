"""How well a score predicts failure: the area under the ROC curve, seeds resampled within cells.

AUC is the probability that a run that failed has a higher score than a run that did not, ties
counted half; one half is chance.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Whole = NDArray[np.int64]


# numbers held in memory at a time
BLOCK = 2_000_000


def auc(score: Array, failed: Mask, weight: Array) -> Array:
    """Return the AUC for each row of weights, NaN where no run failed or all did.

    Axes: score and failed (run,), weight (repetition, run) -> (repetition,).
    """
    return auc_within(score, failed, np.zeros(len(score), dtype=np.int64), weight)


def auc_within(score: Array, failed: Mask, cell: Whole, weight: Array) -> Array:
    """Return the AUC over pairs of runs of the same cell, which differ only in their seed.

    Axes as in `auc`.
    """
    if not len(score):
        return np.full(len(weight), np.nan)
    order = np.lexsort((score, cell))
    score, failed, cell = score[order], failed[order], cell[order]
    is_first = np.append(True, cell[1:] != cell[:-1])
    # first run of each score of a cell, first score of each cell, and the cell of each score
    ties = np.flatnonzero(is_first | np.append(True, score[1:] != score[:-1]))
    cells = np.flatnonzero(is_first[ties])
    cell_of_tie = np.cumsum(is_first[ties]) - 1
    blocks = np.array_split(weight, 1 + weight.size // BLOCK)
    return np.concatenate(
        [_weighted(block[:, order], failed, ties, cells, cell_of_tie) for block in blocks]
    )


def _weighted(weight: Array, failed: Mask, ties: Whole, cells: Whole, cell_of_tie: Whole) -> Array:
    """Return the AUC of sorted runs; `ties` and `cells` are where equal scores and cells start."""
    bad = np.add.reduceat(np.where(failed, weight, 0.0), ties, axis=1)
    good = np.add.reduceat(np.where(failed, 0.0, weight), ties, axis=1)
    before = np.cumsum(good, axis=1) - good
    below = before - before[:, cells][:, cell_of_tie]
    pairs = np.add.reduceat(bad, cells, axis=1) * np.add.reduceat(good, cells, axis=1)
    return _ratio((bad * (below + good / 2)).sum(axis=1), pairs.sum(axis=1))


def _ratio(above: Array, below: Array) -> Array:
    return np.where(below > 0, above, np.nan) / np.where(below > 0, below, 1.0)


def resampled(cell: Whole, repetitions: int, rng: np.random.Generator) -> Array:
    """Return weights of runs when the seeds of every cell are resampled with replacement.

    Axes (repetition, run).
    One seed less than the cell has is drawn, and its weights add up to the seeds: drawing all of
    them understates the variance of a mean by (n - 1) / n (Rao & Wu 1988, JASA 83:231).
    """
    weight = np.zeros((repetitions, len(cell)))
    for one in np.unique(cell):
        members = np.flatnonzero(cell == one)
        n, drawn = len(members), max(len(members) - 1, 1)
        weight[:, members] = n / drawn * rng.multinomial(drawn, np.full(n, 1 / n), size=repetitions)
    return weight
