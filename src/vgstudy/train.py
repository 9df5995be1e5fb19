"""Train one stack: seeded runs of equal shape, together. Gives tables, touches no files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy import data, losses, models, probes
from vgstudy.cells import Run
from vgstudy.rows import Curves, probe_table
from vgstudy.seeds import stream
from vgstudy.steps import batch_weights, compile_steps, shuffled
from vgstudy.study import Log

LANES = 16  # stacks are padded to a multiple: then every entry takes the same vector path, whatever the stack


@dataclass(frozen=True)
class Trained:
    """The rows of a stack's probes and curves, sorted by run, epoch and layer."""

    probes: pa.Table
    curves: pa.Table


def train(runs: Sequence[Run], log: Log) -> Trained:
    """Train a stack and log it.

    Parameters
    ----------
    runs
        Runs that differ in initializer and seed only.
    log
        When to probe and to test.

    Returns
    -------
    Rows as `schema` describes them. A run's rows depend on its cell, its seed and `log` alone.
    """
    stack = Stack(runs)
    ends = sorted({*log.probe_epochs, *range(0, stack.cell.epochs, log.test_every), stack.cell.epochs})
    curves, measured = Curves(len(runs), stack.cell.epochs), []
    for begin, end in pairwise([0, *ends]):
        if end > begin:
            curves.train(begin, *stack.advance(end - begin))
        if end % log.test_every == 0 or end == stack.cell.epochs:
            curves.test(end, *stack.test())
        if end in log.probe_epochs:
            measured.append(stack.probe())
    return Trained(probe_table(runs, log.probe_epochs, stack.net.kernel_shapes, measured), curves.table(runs))


class Stack:
    """The state of a stack in training: parameters, optimizer, random streams of the batch order.

    Parameters
    ----------
    runs
        Runs that differ in initializer and seed only; padded to a multiple of `LANES` with copies whose results are dropped.
    dtype
        In which training computes. Studies train in float32; float64 serves to hold the engine against Keras.
    """

    def __init__(self, runs: Sequence[Run], dtype: str = "float32") -> None:
        padded = [runs[i % len(runs)] for i in range(-(-len(runs) // LANES) * LANES)]
        self.cell, self.size = runs[0].cell, len(runs)
        self.loss = losses.BINARY
        samples = [data.sample(r.cell.task, stream(r.cell, r.seed, "sample")) for r in padded]
        self.x, self.y = _columns([s.x_train for s in samples], dtype), _columns([s.y_train for s in samples], dtype)
        self.x_test, self.y_test = _columns([s.x_test for s in samples], dtype), _columns([s.y_test for s in samples], dtype)
        self.net = models.Net(
            self.x.shape[1], self.cell.depth, self.cell.width, self.y.shape[1], models.activation(self.cell.activation)
        )
        kernels = [stream(r.cell, r.seed, "kernels") for r in padded]
        initial = models.initial_flat(self.net, [r.cell.initializer for r in padded], kernels)
        self.flat = keras.Variable(initial, dtype=dtype)
        self.orders = [np.random.default_rng(stream(r.cell, r.seed, "batches")) for r in padded]
        self.steps = compile_steps(
            self.net, self.loss, models.optimizer(self.cell.optimizer), self.flat, (self.x, self.y), self.cell.batch_size
        )
        self.steepest = probes.largest_slope(self.net.activation)
        self.first = self.before = probes.kernels(self.net, self.flat.numpy()[: self.size])

    def advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train for some epochs; running mean of loss and accuracy over each epoch's batches, (run, epoch)."""
        order = shuffled(self.orders, epochs, self.x.shape[2], self.cell.batch_size)
        logits = self.steps(tf.constant(order))
        y = tf.transpose(tf.gather(tf.transpose(self.y, (0, 2, 1)), order.transpose(1, 0, 2), batch_dims=1), (1, 0, 3, 2))
        weight = batch_weights(self.x.shape[2], self.cell.batch_size) > 0  # (step, example)
        rows = weight.sum()

        def epoch_mean(values: tf.Tensor) -> NDArray[np.float32]:
            by_epoch = values.numpy().astype("float64").reshape(epochs, len(weight), *values.shape[1:])
            sums = np.where(weight[None, :, None], by_epoch, 0).sum(axis=(1, 3))
            return np.asarray(sums[:, : self.size].T / rows, "float32")

        return epoch_mean(self.loss.value(logits, y)), epoch_mean(tf.cast(self.loss.correct(logits, y), tf.float32))

    def test(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean loss and accuracy over the test rows, (run,)."""
        z = self.net.logits(tf.convert_to_tensor(self.flat.value), self.x_test)
        loss, correct = self.loss.value(z, self.y_test), self.loss.correct(z, self.y_test)
        means = (np.mean(v.numpy()[: self.size], axis=1, dtype="float64").astype("float32") for v in (loss, correct))
        return next(means), next(means)

    def probe(self) -> probes.Columns:
        """Every probe column of the runs, (run, layer), in slices of `LANES` runs so that memory stays small."""
        flat = self.flat.numpy()
        slices = [slice(i, i + LANES) for i in range(0, len(flat), LANES)]
        parts = [probes.measure(self.net, self.loss, flat[s], self.x[s], self.y[s], self.steepest) for s in slices]
        columns = {name: np.concatenate([p[name] for p in parts])[: self.size] for name in parts[0]}
        now = probes.kernels(self.net, flat[: self.size])
        columns |= probes.change_columns(now, self.first, self.before)
        self.before = now
        return columns


def _columns(rows: list[NDArray[np.float32]], dtype: str) -> tf.Tensor:
    """A list over runs of (row, feature) -> (run, feature, row)."""
    return tf.constant(np.stack(rows).transpose(0, 2, 1).astype(dtype, order="C"))
