"""The training step and the evaluation of networks with a remedy, and the random numbers that it
makes, the same whatever the stack."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.batches import Pair, batch_weights, mini_batch
from vgstudy.engine.loop import xla
from vgstudy.engine.network import Loss, Network
from vgstudy.engine.remedied import adjusted, equalizing, forward, moved


class RemediedStep:
    """The step of a stack with a remedy, as `loop.matrix_step` describes it, and the evaluation of
    rows.

    XLA compiles steps in float64, which then take .6 to .8 of the time. In float32 the last bits of
    normalised networks would depend on the stack.

    Parameters
    ----------
    network, loss
        What is trained.
    table
        Training rows as for `loop.matrix_step`.
    keys
        A random number of each run, uint64 (stack,), for random directions.
    initial_rms
        RMS of each layer's gradient on the probe set before training (stack, layer).
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        table: tf.Tensor,
        keys: NDArray[np.uint64],
        initial_rms: Callable[[], NDArray[np.float64]],
    ) -> None:
        self._network, self._loss, self._table = network, loss, table
        remedy, runs = network.remedy, len(keys)
        self._dtype = tf.float64 if remedy.rescaling else table.dtype
        self._averages: tf.Variable | None = None
        if remedy.normalization and remedy.normalization.kind == "batch":
            at_start = np.zeros((runs, 2, network.depth, network.width))
            at_start[:, 1] = 1
            self._averages = tf.Variable(at_start, dtype=table.dtype)
        self._multipliers = self._fixed_multipliers(runs, initial_rms)
        self._keys, self._steps_taken = tf.constant(keys), tf.Variable(0, dtype=tf.int64)
        self.gradient = xla(self._gradient) if remedy.rescaling else self._gradient

    def _fixed_multipliers(
        self, runs: int, initial_rms: Callable[[], NDArray[np.float64]]
    ) -> tf.Tensor | None:
        """Return what multiplies each layer's gradient at every step (stack, layer), or None."""
        rescaling = self._network.remedy.rescaling
        if rescaling and rescaling.kind == "given":
            return tf.constant([rescaling.multipliers] * runs, tf.float64)
        if rescaling and rescaling.kind == "fixed":
            return equalizing(tf.constant(initial_rms(), tf.float64))
        return None

    def _gradient(
        self, flat: tf.Tensor, order: tf.Tensor, weights: tf.Tensor
    ) -> tuple[Pair, tf.Tensor]:
        """Return what `loop.Step.gradient` does; moving averages take a step too."""
        batch = mini_batch(self._table, order, self._network.inputs)
        parameters, x, target, share = (
            tf.cast(each, self._dtype) for each in (flat, *batch, weights)
        )
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            seen = forward(self._network, parameters, x, share)
        slope = self._loss.slope(seen.logits, target) * share
        gradient = tape.gradient(seen.logits, parameters, output_gradients=slope)
        if self._averages is not None and seen.moments:
            self._averages.assign(moved(self._averages, seen.moments))
        gradient = adjusted(self._network, gradient, self._multipliers, self._direction())
        outputs = tf.cast(seen.logits, flat.dtype), tf.cast(target, flat.dtype)
        return outputs, tf.cast(gradient, flat.dtype)

    def _direction(self) -> tf.Tensor | None:
        """Return new random numbers (stack, parameter) if layers get them for a gradient."""
        if not self._network.remedy.randomized:
            return None
        step = tf.cast(self._steps_taken.assign_add(1), tf.uint64)
        length = self._network.row_length
        return tf.cast(random_direction(self._keys, step, length), self._dtype)

    def evaluate(self, flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> Pair:
        """Return loss and correctness (0 or 1) of rows, normalised by the moving averages, (stack,
        row)."""
        rows = x.shape[2]
        share = tf.constant(batch_weights(rows, rows)[0], x.dtype)
        x, y = (tf.pad(each, ((0, 0), (0, 0), (0, share.shape[0] - rows))) for each in (x, y))
        averages = None if self._averages is None else self._averages.value()
        z = forward(self._network, flat, x, share, averages).logits
        correct = tf.cast(self._loss.correct(z, y), x.dtype)
        return self._loss.value(z, y)[:, :rows], correct[:, :rows]


def random_direction(keys: tf.Tensor, step: tf.Tensor, length: int) -> tf.Tensor:
    """Return numbers from U(-1, 1), float64 (stack, number).

    Parameters
    ----------
    keys
        A random number of each run, uint64 (stack,).
    step
        The step they are for, uint64.
    length
        How many for each run.

    Notes
    -----
    SplitMix64 (Steele, Lea & Flood 2014) of a counter: whole numbers, which no rounding reaches.
    """
    numbers = tf.range(length, dtype=tf.int64)
    counter = tf.cast(numbers, tf.uint64) + step * tf.constant(length, tf.uint64)
    state = _mixed(keys[:, None] + counter[None] * _constant(0x9E3779B97F4A7C15))
    bits = tf.bitwise.right_shift(state, tf.constant(11, tf.uint64))
    return tf.cast(tf.cast(bits, tf.int64), tf.float64) / 2.0**52 - 1


def _mixed(state: tf.Tensor) -> tf.Tensor:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = _folded(state, shift) * _constant(factor)
    return _folded(state, 31)


def _folded(state: tf.Tensor, shift: int) -> tf.Tensor:
    moved = tf.bitwise.right_shift(state, tf.constant(shift, tf.uint64))
    return tf.bitwise.bitwise_xor(state, moved)


def _constant(number: int) -> tf.Tensor:
    return tf.constant(number, tf.uint64)
