"""Training, test and probe rows of a stack as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.engine.loop import Pair
from vgstudy.seeds import stream


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
