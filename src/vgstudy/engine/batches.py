"""The mini-batches that the runs of a stack train on, in NumPy alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vgstudy.planning.stacks import LANES

# Up to this many rows a sort key of 32 bits has 23 random ones, and one permutation in 60 must be
# drawn again.
ROWS_OF_SHORT_KEYS = 512


class MiniBatches:
    """Row numbers of successive mini-batches, shuffled for every pass over the training rows.

    Parameters
    ----------
    generators
        One random generator per run.
    rows
        Number of training rows.
    batch_size
        Rows of a full mini-batch; the last one of a pass may have fewer.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], rows: int, batch_size: int
    ) -> None:
        self._generators, self._rows, self._batch_size = generators, rows, batch_size
        self._weights = batch_weights(rows, batch_size)
        self._drawn = np.zeros((0, len(generators), self.width), "int32")
        self._steps_taken = 0

    @property
    def width(self) -> int:
        """Examples of a mini-batch, padding included."""
        return int(self._weights.shape[1])

    def take(self, steps: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the next mini-batches: row numbers (step, stack, example) and the examples'
        weights (step, example)."""
        batches = self.peek(steps)
        self._drawn, self._steps_taken = self._drawn[steps:], self._steps_taken + steps
        return batches

    def peek(self, steps: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return what `take` would, without taking it."""
        steps_of_pass = len(self._weights)
        missing = steps - len(self._drawn)
        if missing > 0:
            passes = -(-missing // steps_of_pass)
            new = shuffled(self._generators, passes, self._rows, self._batch_size)
            self._drawn = np.concatenate([self._drawn, new]) if len(self._drawn) else new
        of_pass = (self._steps_taken + np.arange(steps)) % steps_of_pass
        return self._drawn[:steps], self._weights[of_pass]


def batch_weights(rows: int, batch_size: int) -> NDArray[np.float64]:
    """Return the weight of each example in the mean over its mini-batch (step, example).

    Padding has weight 0: it fills a last mini-batch that is not full, and every mini-batch up to a
    multiple of `LANES`.
    """
    steps = -(-rows // batch_size)
    valid = (np.arange(steps * batch_size) < rows).reshape(steps, batch_size)
    weights = valid / valid.sum(axis=1, keepdims=True)
    return np.pad(weights, ((0, 0), (0, -batch_size % LANES)))


def shuffled(
    generators: Sequence[np.random.Generator], passes: int, rows: int, batch_size: int
) -> NDArray[np.int32]:
    """Return row numbers of mini-batches (pass and step, stack, example), shuffled for every pass;
    padding is row 0."""
    steps = -(-rows // batch_size)
    order = np.zeros((len(generators), passes, steps * batch_size), "int32")
    # A few runs at a time stay in the cache.
    for first in range(0, len(generators), LANES):
        few = slice(first, first + LANES)
        order[few, :, :rows] = permutations(generators[few], passes, rows)
    width = batch_size + -batch_size % LANES
    batches = np.zeros((passes * steps, len(generators), width), "int32")
    by_step = order.reshape(len(generators), passes * steps, batch_size).swapaxes(0, 1)
    batches[:, :, :batch_size] = by_step
    return batches


def permutations(
    generators: Sequence[np.random.Generator], count: int, rows: int
) -> NDArray[np.int32]:
    """Draw permutations of row numbers (generator, permutation, row), exactly uniform, the same
    however many are drawn in one call.

    Sorts random keys whose low bits are the row number, which is faster than swapping rows one by
    one. Where the random bits of two keys are equal, any order would favour one of them: such a
    permutation is drawn again, from one more random word of its own.
    """
    row_bits = (1 << (rows - 1).bit_length()) - 1
    key = np.dtype("uint32" if rows <= ROWS_OF_SHORT_KEYS else "uint64")
    words = -(-rows * key.itemsize // 8)
    random = np.stack([each.bit_generator.random_raw(count * (words + 1)) for each in generators])
    random = random.reshape(len(generators), count, words + 1)
    keys = np.ascontiguousarray(random[:, :, :words]).view(key)[:, :, :rows]
    keys = np.sort((keys & ~key.type(row_bits)) | np.arange(rows, dtype=key))
    order: NDArray[np.int32] = (keys & key.type(row_bits)).astype("int32")
    ties = ((keys[:, :, 1:] ^ keys[:, :, :-1]) <= row_bits).any(axis=2)
    for run, k in np.argwhere(ties):
        order[run, k] = np.random.default_rng(random[run, k, -1]).permutation(rows)
    return order
