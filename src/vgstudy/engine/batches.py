"""The rows of a stack: those that train, test and are probed, and the order in mini-batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.planning.stacks import LANES
from vgstudy.seeds import stream

Pair = tuple[tf.Tensor, tf.Tensor]

# Up to this many rows a sort key of 32 bits has 23 random ones, and one permutation in 60 must be
# drawn again.
ROWS_OF_SHORT_KEYS = 512


@dataclass(frozen=True)
class Rows:
    """The rows of a stack; if all runs have the same, a stack axis of 1, and none in training.

    Attributes
    ----------
    training
        Inputs and targets, (stack, row, input and output) or (row, input and output).
    probe_set, test_set
        Inputs (stack, input, row) and targets (stack, output, row).
    """

    training: tf.Tensor
    probe_set: Pair
    test_set: Pair


def load_rows(runs: Sequence[Run], probe_rows: int | None, dtype: str) -> Rows:
    """Draw the sample of each run; parameters as for `train.Stack`."""
    task = runs[0].cell.task
    drawn = runs[:1] if task.shared else runs
    samples = [r.cell.task.sample(stream(r.cell, r.seed, "sample")) for r in drawn]
    train = _table([(s.x_train, s.y_train) for s in samples], dtype)
    test = _table([(s.x_test, s.y_test) for s in samples], dtype)
    return Rows(
        train[0] if task.shared else train,
        _features(train[:, : probe_rows or task.train], task.inputs),
        _features(test, task.inputs),
    )


def _table(samples: list[tuple[NDArray[np.float32], NDArray[np.float32]]], dtype: str) -> tf.Tensor:
    """Join inputs (row, input) and targets (row, output) of each run as (run, row, input and
    output)."""
    return tf.constant(np.stack([np.concatenate(parts, axis=1) for parts in samples]), dtype)


def _features(table: tf.Tensor, inputs: int) -> Pair:
    """Split a table (stack, row, input and output) into inputs (stack, input, row) and targets
    (stack, output, row)."""
    columns = tf.transpose(table, (0, 2, 1))
    return columns[:, :inputs], columns[:, inputs:]


def mini_batch(table: tf.Tensor, order: tf.Tensor, inputs: int) -> Pair:
    """Return inputs (stack, input, example) and targets (stack, output, example) of some rows.

    Parameters
    ----------
    table
        Training rows, as in `Rows`.
    order
        Row numbers (stack, example).
    inputs
        How many of the columns are inputs.
    """
    batch = tf.transpose(tf.gather(table, order, batch_dims=table.shape.rank - 2), (0, 2, 1))
    return batch[:, :inputs], batch[:, inputs:]


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
