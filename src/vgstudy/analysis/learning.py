"""When runs learn, and which of those that have not learned are slow and which are stuck.

Arrays have the axes (..., epoch, seed).
"""

import numpy as np
from numpy.typing import NDArray

from vgstudy.config.log import Log

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
