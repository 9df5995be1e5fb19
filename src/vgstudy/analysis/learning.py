"""When runs learn, which of those that have not are slow or stuck, and shares at other thresholds.

Arrays have the axes (..., epoch, seed). Thresholds run from half-way between guessing and the
median of a reference network's seeds up to this median, for the accuracy on the test rows
and, because optimisation is the question, for the training loss.
"""

from collections.abc import Iterator, Mapping
from math import log
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.share_intervals import wilson
from vgstudy.config.log import Log
from vgstudy.planning.study_cells import arm_cells, named_cells
from vgstudy.tasks.registry import TASKS

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST_TESTS = 50
STILL_FALLING = 0.002  # share of the loss


def epochs_of_tests(log: Log, last: int) -> Whole:
    """Return the tested epochs at which a run may count as having learned, at most 50 and the last.

    More tests find more runs above the threshold, by chance alone. So the epochs are evenly spaced
    by the same rule in all studies: of 500 epochs every tenth, whether a study tests after each
    epoch or after every tenth.
    """
    step = log.test_every * -(-last // (MOST_TESTS * log.test_every))
    return np.unique([*range(step, last + 1, step), last])


def last_fifth(last: int) -> Whole:
    """Return the epochs of the last fifth of training, at least two, at most 100 evenly spaced."""
    first = min(last - last // 5, max(last - 2, 0)) + 1
    return np.unique(np.linspace(first, last, min(last - first + 1, 100)).round().astype(int))


def is_slow(loss: Array) -> Mask:
    """Return which runs still learn, from the training loss over the last fifth of training.

    Slow: its mean over the second half of these epochs is more than .2 % below that over the first
    half. A run that has not learned and is not slow is stuck, for now: its loss is on a plateau,
    which it may leave later (`benchmarks/slow_or_stuck.py`). Axes (..., seed).
    """
    half = max(loss.shape[-2] // 2, 1)
    before, after = loss[..., :half, :].mean(axis=-2), loss[..., -half:, :].mean(axis=-2)
    slow: Mask = after < (1 - STILL_FALLING) * before
    return slow


def first_learned(accuracy: Array, epochs: Whole, above: float) -> Array:
    """Return the first epoch with a test accuracy above the threshold, infinite if there is none.

    A run that died or diverged keeps what it had reached before. Axes (..., seed).
    """
    reached = accuracy > above
    first = epochs[reached.argmax(axis=-2)].astype(float)
    return np.where(reached.any(axis=-2), first, np.inf)


STEPS = 5
# whether a larger value is better
OUTCOMES: Mapping[str, bool] = {"test_accuracy": True, "train_loss": False}


def thresholds(guessing: float, reference: float) -> Array:
    """Return five values, evenly from half-way between guessing and the reference to the latter."""
    return np.linspace((guessing + reference) / 2, reference, STEPS)


def threshold_rows(study: Mapping[str, Any], outcomes: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of `thresholds` for every network of the arms of a study that has a reference.

    Parameters
    ----------
    outcomes
        Those of all runs, with the factors of their cell. A seed that diverged passes no threshold.
    """
    reference = study["outcome"].get("reference")
    if not reference:
        return
    chance = TASKS[study["task"]["name"]].chance
    guessing = {"test_accuracy": chance, "train_loss": -log(chance)}
    known = outcomes[outcomes["status"].notna()]
    by_cell = dict(list(known.groupby("cell")))
    (reference_cell, _), *_ = named_cells(reference, study, known.drop_duplicates("cell"))
    for cell, _ in arm_cells(study, known):
        for quantity, larger in OUTCOMES.items():
            middle = by_cell[reference_cell][quantity].median()
            values = by_cell[cell][quantity].to_numpy(dtype=float)
            for threshold in thresholds(guessing[quantity], middle):
                passed = values >= threshold if larger else values <= threshold
                yield {
                    "cell": cell,
                    "quantity": quantity,
                    "threshold": float(threshold),
                    **wilson(passed.sum(), len(values)).columns(),
                    "n": len(values),
                }
