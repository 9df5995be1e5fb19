"""Train one stack: seeded runs of equal shape, together. Gives tables, touches no files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy import data
from vgstudy.cells import Run
from vgstudy.config.study import Log
from vgstudy.engine import losses, models, probes, statistics
from vgstudy.engine.groups import Arrangement, Parameters, arrange, spans, stack_activation
from vgstudy.engine.rows import Curves, probe_table
from vgstudy.engine.steps import compile_steps, compile_test, shuffled
from vgstudy.plan.cost import EPOCHS_AT_ONCE, LANES, PROBE_ENTRIES
from vgstudy.seeds import stream


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
        Runs of one shape: equal task, depth, width, epochs and batch size.
    log
        When to probe and to test.

    Returns
    -------
    Rows as `schema` describes them. A run's rows depend on its cell, its seed and `log` alone.
    """
    stack = Stack(runs)
    epochs = stack.cell.epochs
    curves, measured = Curves(len(runs), epochs), []
    for begin, end in pairwise([0, *log.pauses(epochs)]):
        if end > begin:
            curves.train(begin, *stack.advance(end - begin))
        if end in log.test_epochs(epochs):
            curves.test(end, *stack.test())
        if end in log.probe_epochs:
            measured.append(stack.probe())
    return Trained(probe_table(runs, log.probe_epochs, stack.net.kernel_shapes, measured), curves.table(runs))


class Stack:
    """The state of a stack in training: parameters, optimizers, random streams of the batch order.

    Parameters
    ----------
    runs
        Runs of one shape: equal task, depth, width, epochs and batch size.
    dtype
        In which training computes. Studies train in float32; float64 serves to hold the engine against Keras.
    """

    def __init__(self, runs: Sequence[Run], dtype: str = "float32") -> None:
        self.cell = runs[0].cell
        arranged = arrange(runs)
        self.rows, stacked = arranged.rows, arranged.runs
        samples = [data.sample(r.cell.task, stream(r.cell, r.seed, "sample")) for r in stacked]
        self.x, self.y = _columns([s.x_train for s in samples], dtype), _columns([s.y_train for s in samples], dtype)
        self.x_test, self.y_test = _columns([s.x_test for s in samples], dtype), _columns([s.y_test for s in samples], dtype)
        self.loss = losses.LOSSES[self.cell.task.loss]
        self.net = models.Net(
            self.x.shape[1], self.cell.depth, self.cell.width, self.y.shape[1], stack_activation(arranged.groups)
        )
        kernels = [stream(r.cell, r.seed, "kernels") for r in stacked]
        initial = models.initial_flat(self.net, [r.cell.initializer for r in stacked], kernels)
        self._parameters = Parameters(initial, arranged.groups, dtype)
        self._orders = [np.random.default_rng(stream(r.cell, r.seed, "batches")) for r in stacked]
        self._steps = compile_steps(self.net, self.loss, self._parameters, self.x, self.y, self.cell.batch_size)
        self._test = compile_test(self.net, self.loss, self._parameters, self.x_test, self.y_test)
        self._probes = list(_probe_parts(arranged, self.net, self.loss, self.x, self.y))
        self._first = self._before = probes.kernels(self.net, initial)

    def flat(self) -> NDArray[np.floating]:
        """The parameters of the runs, (run, parameter)."""
        return np.asarray(self._parameters.tensor().numpy()[self.rows])

    def advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train for some epochs; running mean of loss and accuracy over each epoch's batches, (run, epoch)."""
        parts = [self._advance(min(EPOCHS_AT_ONCE, epochs - done)) for done in range(0, epochs, EPOCHS_AT_ONCE)]
        loss, accuracy = (np.concatenate(metric, axis=1) for metric in zip(*parts, strict=True))
        return loss, accuracy

    def _advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        examples = self.x.shape[2]
        sums = self._steps(tf.constant(shuffled(self._orders, epochs, examples, self.cell.batch_size)))
        by_step = (s.numpy()[:, self.rows].T.astype("float64", order="C").reshape(len(self.rows), epochs, -1) for s in sums)
        loss, accuracy = ((each.sum(axis=2) / examples).astype("float32") for each in by_step)
        return loss, accuracy

    def test(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean loss and accuracy over the test rows, (run,)."""
        loss, accuracy = (each.numpy()[self.rows].mean(axis=1, dtype="float64").astype("float32") for each in self._test())
        return loss, accuracy

    def probe(self) -> statistics.Columns:
        """Every probe column of the runs, (run, layer)."""
        flat = self._parameters.tensor().numpy()
        parts = [measure(flat) for measure in self._probes]
        now = probes.kernels(self.net, flat)
        change = statistics.change_columns(now, self._first, self._before)
        self._before = now
        state = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        return {name: values[self.rows] for name, values in (state | change).items()}


def _columns(rows: list[NDArray[np.float32]], dtype: str) -> tf.Tensor:
    """A list over runs of (row, feature) -> (run, feature, row)."""
    return tf.constant(np.stack(rows).transpose(0, 2, 1).astype(dtype, order="C"))


def _probe_parts(
    arranged: Arrangement, net: models.Net, loss: losses.Loss, x: tf.Tensor, y: tf.Tensor
) -> Iterator[Callable[[NDArray[np.float32]], statistics.Columns]]:
    """Functions of a stack's parameters that together give every probe column (run, layer).

    The stack is cut by activation and into parts that fit a fast memory, each filled with copies to a multiple of `LANES`.
    """
    most = LANES * max(1, PROBE_ENTRIES // (LANES * net.width * x.shape[2]))
    for spec, span in spans(arranged.groups):
        one = replace(net, activation=models.activation(spec))
        shape = probes.shape_of(one.activation)
        for begin in range(span.start, span.stop, most):
            count = min(most, span.stop - begin)
            rows = np.resize(np.arange(begin, begin + count), -(-count // LANES) * LANES)
            part = partial(probes.measure, one, loss, tf.gather(x, rows), tf.gather(y, rows), shape)
            yield partial(_measured, part, rows, count)


def _measured(
    part: Callable[[NDArray[np.float32]], statistics.Columns], rows: NDArray[np.intp], count: int, flat: NDArray[np.float32]
) -> statistics.Columns:
    return {name: values[:count] for name, values in part(flat[rows]).items()}
