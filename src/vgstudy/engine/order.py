"""In which order a stack's runs meet their training rows: NumPy alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vgstudy.planning.stacks import LANES

SHORT = (
    512  # row numbers of 9 bits leave 23 random ones of 32, and one permutation in 60 to draw anew
)


class Order:
    """The mini-batches that a stack's runs train on: row numbers, reshuffled for every pass over
    the training rows.

    Parameters
    ----------
    generators
        A run's own random generator each.
    rows
        Training rows.
    batch_size
        Rows of a full mini-batch; the last one of a pass may have fewer.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], rows: int, batch_size: int
    ) -> None:
        self._generators, self._rows, self._batch_size = generators, rows, batch_size
        self._pass = -(-rows // batch_size)  # steps
        self._weights = batch_weights(rows, batch_size)
        self._ahead = np.zeros((0, len(generators), self.width), "int32")
        self._taken = 0

    @property
    def width(self) -> int:
        """Examples of a mini-batch with those that only fill it."""
        return int(self._weights.shape[1])

    def take(self, steps: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The next mini-batches: row numbers (step, stack, example), weights of the examples (step,
        example)."""
        found = self.peek(steps)
        self._ahead, self._taken = self._ahead[steps:], self._taken + steps
        return found

    def peek(self, steps: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """What `take` would give."""
        lacking = steps - len(self._ahead)
        if lacking > 0:
            passes = shuffled(
                self._generators, -(-lacking // self._pass), self._rows, self._batch_size
            )
            self._ahead = np.concatenate([self._ahead, passes]) if len(self._ahead) else passes
        return self._ahead[:steps], self._weights[(self._taken + np.arange(steps)) % self._pass]


def batch_weights(rows: int, batch_size: int) -> NDArray[np.float64]:
    """Weight of each example in the mean over its mini-batch (step, example).

    Examples that only fill a last batch which is not full, or a batch up to a multiple of `LANES`,
    have weight 0.
    """
    steps = -(-rows // batch_size)
    valid = (np.arange(steps * batch_size) < rows).reshape(steps, batch_size)
    weights = valid / valid.sum(axis=1, keepdims=True)
    return np.pad(weights, ((0, 0), (0, -batch_size % LANES)))


def shuffled(
    orders: Sequence[np.random.Generator], epochs: int, rows: int, batch_size: int
) -> NDArray[np.int32]:
    """Row numbers of the mini-batches, (epoch and step, stack, example), reshuffled every epoch;
    row 0 fills batches."""
    steps = -(-rows // batch_size)
    order = np.zeros((len(orders), epochs, steps * batch_size), "int32")
    for first in range(0, len(orders), LANES):  # a few at a time stay in a fast memory
        few = slice(first, first + LANES)
        order[few, :, :rows] = permutations(orders[few], epochs, rows)
    batches = np.zeros((epochs * steps, len(orders), batch_size + -batch_size % LANES), "int32")
    batches[:, :, :batch_size] = order.reshape(len(orders), epochs * steps, batch_size).swapaxes(
        0, 1
    )
    return batches


def permutations(
    generators: Sequence[np.random.Generator], count: int, rows: int
) -> NDArray[np.int32]:
    """Permutations of row numbers (generator, permutation, row), exactly uniform, the same however
    many are drawn at once.

    Sorts random keys that end in the row's number, which is faster than swapping rows one by one.
    Where two keys are equal but for the row, any order would favour one: such a permutation is
    drawn anew, seeded by one more word of its own.
    """
    low = (1 << (rows - 1).bit_length()) - 1  # what holds a row's number
    key = np.dtype("uint32" if rows <= SHORT else "uint64")
    words = -(-rows * key.itemsize // 8)
    drawn = np.stack([each.bit_generator.random_raw(count * (words + 1)) for each in generators])
    drawn = drawn.reshape(len(generators), count, words + 1)
    keys = np.ascontiguousarray(drawn[:, :, :words]).view(key)[:, :, :rows]
    keys = np.sort((keys & ~key.type(low)) | np.arange(rows, dtype=key))
    found: NDArray[np.int32] = (keys & key.type(low)).astype("int32")
    for run, k in np.argwhere(((keys[:, :, 1:] ^ keys[:, :, :-1]) <= low).any(axis=2)):
        found[run, k] = np.random.default_rng(drawn[run, k, -1]).permutation(rows)
    return found
