"""Train one stack: seeded runs of equal shape, together. Gives tables, touches no files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import NEXT, PROBE_SET, TEST, Run
from vgstudy.config.log import Log
from vgstudy.engine import lanes, losses, models, probes, statistics, steps
from vgstudy.engine.groups import Parameters, arrange, stack_activation
from vgstudy.engine.initial import initial_flat
from vgstudy.engine.order import Order
from vgstudy.engine.parts import probe_parts
from vgstudy.engine.rows import Curves, Measurements
from vgstudy.engine.steps import compile_steps, compile_test, mini_batch
from vgstudy.planning.stacks import STEPS_AT_ONCE, is_narrow
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
        Runs of one shape, as `Stack` takes them.
    log
        When to probe and to test.

    Returns
    -------
    Rows as `schema` describes them. A run's rows depend on its cell, its seed and `log` alone.
    """
    stack = Stack(runs, log.probe_set(runs[0].cell.task.train))
    epochs = stack.cell.epochs
    curves, measured = Curves(len(runs), epochs, stack.cell.steps), Measurements(stack.cell.steps)
    tested = set(log.test_epochs(epochs))
    for begin, end in pairwise([0, *log.pauses(epochs)]):
        if end > begin:
            curves.train(begin, *stack.advance(end - begin))
        if end in tested:
            curves.test(end, *stack.test())
        for examples, at in log.probed.items():
            if end in at:
                probed = stack.probe(examples, log.quantiles)
                measured.put(examples, end, probed.columns)
                if examples == PROBE_SET:
                    curves.probe(end, probed.loss, probed.accuracy)
    return Trained(measured.table(runs, stack.net.kernel_shapes), curves.table(runs))


@dataclass(frozen=True)
class Probed:
    """What a probe gives.

    Attributes
    ----------
    loss, accuracy
        Means over the examples, in the precision of training, (run,).
    columns
        Every other column of the probes table, (run, layer), and the quantiles (run, layer,
        quantile) if wanted.
    """

    loss: NDArray[np.float32]
    accuracy: NDArray[np.float32]
    columns: statistics.Columns


class Stack:
    """The state of a stack in training: parameters, optimizers, random streams of the batch order.

    Parameters
    ----------
    runs
        Runs of one shape: equal task, depth, width, epochs, batch size and steps of an epoch.
    probe_rows
        How many of the training rows are the probe set; by default all.
    dtype
        In which training computes. Studies train in float32; float64 serves to hold the engine
        against Keras.
    """

    def __init__(
        self, runs: Sequence[Run], probe_rows: int | None = None, dtype: str = "float32"
    ) -> None:
        self.cell = runs[0].cell
        self._arranged = arrange(runs)
        self.places, stacked = self._arranged.places, self._arranged.runs
        drawn = stacked[:1] if self.cell.task.shared else stacked
        samples = [r.cell.task.sample(stream(r.cell, r.seed, "sample")) for r in drawn]
        task = self.cell.task
        train = _table([(s.x_train, s.y_train) for s in samples], dtype)
        self._test_set = _features(
            _table([(s.x_test, s.y_test) for s in samples], dtype), task.inputs
        )
        self._probe_set = _features(train[:, : probe_rows or task.train], task.inputs)
        self._training_rows = train[0] if task.shared else train
        self.loss = losses.LOSSES[task.loss]
        self.net = models.Net(
            task.inputs,
            self.cell.depth,
            self.cell.width,
            task.outputs,
            stack_activation(self._arranged.groups),
        )
        kernels = [stream(r.cell, r.seed, "kernels") for r in stacked]
        initial = initial_flat(self.net, [r.cell.initializer for r in stacked], kernels)
        self._order = Order(
            [np.random.default_rng(stream(r.cell, r.seed, "batches")) for r in stacked],
            task.train,
            self.cell.batch_size,
        )
        self._narrow = is_narrow(self.cell.width, task.inputs, task.outputs, self.cell.batch_size)
        self._parameters = Parameters(
            initial, self._arranged.groups, dtype, lanes.pack if self._narrow else tf.identity
        )
        work = self.net, self.loss, self._training_rows
        step = lanes.step(*work, self._arranged.groups) if self._narrow else steps.step(*work)
        self._steps = compile_steps(
            step, self._parameters, self._order.width, self._training_rows.dtype
        )
        self._compiled_test = compile_test(self.net, self.loss, self._flat_rows, *self._test_set)
        self._last: NDArray[np.int32] | None = (
            None  # row numbers of the mini-batch before (stack, example)
        )
        self._first = probes.kernels(self.net, initial)
        self._before: dict[
            str, list[NDArray[np.float64]]
        ] = {}  # kernels at the previous probe of each kind

    def flat(self) -> NDArray[np.floating]:
        """The parameters of the runs, (run, parameter)."""
        return np.asarray(self._flat_rows().numpy()[self.places])

    def _flat_rows(self) -> tf.Tensor:
        """The parameters now, (stack, parameter)."""
        now = self._parameters.tensor()
        return (
            lanes.unpack(now, [group.size for group in self._arranged.groups])
            if self._narrow
            else now
        )

    def advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train for some epochs; running mean of loss and accuracy over each epoch's mini-batches,
        (run, epoch)."""
        parts = [
            self._advance(min(epochs - done, self._at_once))
            for done in range(0, epochs, self._at_once)
        ]
        loss, accuracy = (np.concatenate(metric, axis=1) for metric in zip(*parts, strict=True))
        return loss, accuracy

    @property
    def _at_once(self) -> int:
        """Epochs in one call of the compiled loop."""
        return max(1, STEPS_AT_ONCE // self.cell.steps)

    def _advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        order, weights = self._order.take(epochs * self.cell.steps)
        sums = self._steps(tf.constant(order), tf.constant(weights, self._training_rows.dtype))
        self._last = order[-1][:, weights[-1] > 0]
        examples = (weights > 0).sum(axis=1).reshape(epochs, -1).sum(axis=1)
        by_step = (
            s.numpy()[:, self.places]
            .T.astype("float64", order="C")
            .reshape(len(self.places), epochs, -1)
            for s in sums
        )
        loss, accuracy = ((each.sum(axis=2) / examples).astype("float32") for each in by_step)
        return loss, accuracy

    def test(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean loss and accuracy over the test rows, (run,)."""
        loss, accuracy = (
            each.numpy()[self.places].mean(axis=1, dtype="float64").astype("float32")
            for each in self._compiled_test()
        )
        return loss, accuracy

    def probe(self, examples: str = PROBE_SET, quantiles: bool = False) -> Probed:
        """Measure the runs as they are now.

        Parameters
        ----------
        examples
            One of `cells.EXAMPLES`: on which examples gradients and signals are measured.
        quantiles
            Whether quantiles of gradient and kernel entries are wanted.
        """
        flat = self._flat_rows().numpy()
        x, y = self._examples(examples)
        parts = [
            measured(flat, quantiles)
            for measured in probe_parts(self._arranged, self.net, self.loss, x, y)
        ]
        now = probes.kernels(self.net, flat)
        change = statistics.change_columns(
            now, self._first, self._before.get(examples, self._first)
        )
        self._before[examples] = now
        state = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        columns = {name: values[self.places] for name, values in (state | change).items()}
        return Probed(columns.pop("loss"), columns.pop("accuracy"), columns)

    def _examples(self, examples: str) -> tuple[tf.Tensor, tf.Tensor]:
        """Inputs (stack, input, example) and targets (stack, output, example) to measure on."""
        if examples == PROBE_SET:
            return self._probe_set
        if examples == TEST:
            x, y = (each[:, :, : self.cell.batch_size] for each in self._test_set)
            return x, y
        order = self._last
        if examples == NEXT:
            (batch,), (weights,) = self._order.peek(1)
            order = batch[:, weights > 0]
        return mini_batch(self._training_rows, order, self.net.inputs)


def _table(samples: list[tuple[NDArray[np.float32], NDArray[np.float32]]], dtype: str) -> tf.Tensor:
    """A list over runs of inputs (row, input) and targets (row, output) -> (run, row, input and
    output)."""
    return tf.constant(np.stack([np.concatenate(parts, axis=1) for parts in samples]), dtype)


def _features(table: tf.Tensor, inputs: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Inputs (stack, input, row) and targets (stack, output, row) of a table (stack, row, input and
    output)."""
    columns = tf.transpose(table, (0, 2, 1))
    return columns[:, :inputs], columns[:, inputs:]
