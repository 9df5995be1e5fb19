"""Train one stack: seeded runs of equal shape, together. Returns tables, writes no files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.config.log import Log
from vgstudy.engine import probes, simd, statistics
from vgstudy.engine.batches import MiniBatches
from vgstudy.engine.groups import Parameters, arrange, stack_activation
from vgstudy.engine.initial import initial_flat
from vgstudy.engine.log_tables import Curves, Measurements
from vgstudy.engine.loop import (
    Step,
    compile_loop,
    compile_test,
    matrix_step,
    mini_batch,
    summed_metrics,
)
from vgstudy.engine.losses import LOSSES
from vgstudy.engine.network import Network
from vgstudy.engine.remedied_step import RemediedStep
from vgstudy.planning.stacks import STEPS_AT_ONCE, is_narrow
from vgstudy.quantities import NEXT, PROBE_SET, TEST
from vgstudy.remedies import NO_REMEDY
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
    epochs, steps = stack.cell.epochs, stack.cell.steps
    curves, measurements = Curves(len(runs), epochs, steps), Measurements(steps)
    test_epochs = set(log.test_epochs(epochs))
    for begin, end in pairwise([0, *log.pauses(epochs)]):
        if end > begin:
            curves.put("train", begin + 1, *stack.advance(end - begin))
        if log.weight_l1:
            curves.put_weight_l1(stack.weight_l1())
        if end in test_epochs:
            curves.put("test", end, *(metric[:, None] for metric in stack.test()))
        for examples, probe_epochs in log.probed.items():
            if end in probe_epochs:
                probe = stack.probe(examples, log.quantiles)
                measurements.put(examples, end, probe.columns)
                if examples == PROBE_SET:
                    curves.put("probe", end, probe.loss[:, None], probe.accuracy[:, None])
    return Trained(measurements.table(runs, stack.network.kernel_shapes), curves.table(runs))


@dataclass(frozen=True)
class Probe:
    """What a probe measures.

    Attributes
    ----------
    loss, accuracy
        Means over the examples, in the precision of training, (run,).
    columns
        Every other column of the probes table, (run, layer), and the quantiles (run, layer,
        quantile) if asked for.
    """

    loss: NDArray[np.float32]
    accuracy: NDArray[np.float32]
    columns: statistics.Columns


class Stack:
    """The state of a stack in training: parameters, optimizers, coming mini-batches.

    Parameters
    ----------
    runs
        Runs of one shape: equal task, depth, width, epochs, batch size and steps of an epoch.
    probe_rows
        How many of the training rows are the probe set; by default all.
    dtype
        In which training computes. Studies train in float32; float64 serves to compare with Keras.
    """

    def __init__(
        self, runs: Sequence[Run], probe_rows: int | None = None, dtype: str = "float32"
    ) -> None:
        self.cell = cell = runs[0].cell
        task = cell.task
        # On processors without AVX-512 a product of one matrix rounds differently from a batch of
        # products, so a single run is computed twice.
        arranged = arrange(runs if len(runs) > 1 else [*runs, *runs])
        self._groups, self._positions = arranged.groups, arranged.positions[: len(runs)]
        self.loss = LOSSES[task.loss]
        activation = stack_activation(self._groups)
        self.network = Network(
            task.inputs, cell.depth, cell.width, task.outputs, activation, cell.remedy
        )
        self._load_rows(arranged.runs, probe_rows or task.train, dtype)
        batch_streams = [stream(run.cell, run.seed, "batches") for run in arranged.runs]
        generators = [np.random.default_rng(each) for each in batch_streams]
        self._batches = MiniBatches(generators, task.train, cell.batch_size)
        # Row numbers of the mini-batch before (stack, example).
        self._last_batch: NDArray[np.int32] | None = None
        kernel_streams = [stream(run.cell, run.seed, "kernels") for run in arranged.runs]
        specs = [run.cell.initializer for run in arranged.runs]
        initial = initial_flat(self.network, specs, kernel_streams)
        self._initial_kernels = probes.kernels(self.network, initial)
        # Kernels at the previous probe of each kind of examples.
        self._previous_kernels: dict[str, list[NDArray[np.float64]]] = {}
        self._compile(initial, dtype)

    def _load_rows(self, runs: Sequence[Run], probe_rows: int, dtype: str) -> None:
        """Load training, test and probe rows; a stack axis of 1 if all runs have the same."""
        task = self.cell.task
        drawn = runs[:1] if task.shared else runs
        samples = [r.cell.task.sample(stream(r.cell, r.seed, "sample")) for r in drawn]
        train = _table([(s.x_train, s.y_train) for s in samples], dtype)
        test = _table([(s.x_test, s.y_test) for s in samples], dtype)
        self._training_rows = train[0] if task.shared else train
        self._probe_set = _features(train[:, :probe_rows], task.inputs)
        self._test_set = _features(test, task.inputs)

    def _compile(self, initial: NDArray[np.float32], dtype: str) -> None:
        """Compile training and tests, with parameters that start at `initial` (stack,
        parameter)."""
        cell, task = self.cell, self.cell.task
        shape = cell.width, task.inputs, task.outputs, cell.batch_size
        is_plain = cell.remedy == NO_REMEDY
        self._in_blocks = is_plain and is_narrow(*shape, simd.MAX_UNITS)
        pack = simd.pack if self._in_blocks else tf.identity
        self._parameters = Parameters(initial, self._groups, dtype, pack)
        trained = self.network, self.loss, self._training_rows
        if is_plain:
            lanes, products = partial(simd.block_step, groups=self._groups), matrix_step
            step = (lanes if self._in_blocks else products)(*trained)
            test = compile_test(self.network, self.loss, self._flat_rows, *self._test_set)
        else:
            initial_rms = partial(self._gradient_rms, initial.astype(dtype))
            remedied = RemediedStep(*trained, len(initial), initial_rms)
            step = Step(remedied.gradient, partial(summed_metrics, self.loss))
            test = tf.function(
                lambda: remedied.evaluate(self._flat_rows(), *self._test_set), autograph=False
            )
        self._loop = compile_loop(
            step, self._parameters, self._batches.width, self._training_rows.dtype
        )
        self._test = test

    def _gradient_rms(self, flat: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the RMS of each layer's gradient on the probe set (stack, layer)."""
        measured = probes.measure_stack(
            self._groups, self.network, self.loss, *self._probe_set, flat
        )
        return np.asarray(measured["g_rms"])

    def flat(self) -> NDArray[np.floating]:
        """Return the current parameters of the runs, (run, parameter)."""
        return np.asarray(self._flat_rows().numpy()[self._positions])

    def _flat_rows(self) -> tf.Tensor:
        """Return the current parameters, (stack, parameter)."""
        parameters = self._parameters.tensor()
        if not self._in_blocks:
            return parameters
        return simd.unpack(parameters, [group.size for group in self._groups])

    def advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train for some epochs; return loss and accuracy as running means over each epoch's
        mini-batches, (run, epoch)."""
        at_once = max(1, STEPS_AT_ONCE // self.cell.steps)
        parts = [self._advance(min(at_once, epochs - done)) for done in range(0, epochs, at_once)]
        loss, accuracy = (np.concatenate(metric, axis=1) for metric in zip(*parts, strict=True))
        return loss, accuracy

    def _advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        order, weights = self._batches.take(epochs * self.cell.steps)
        sums = self._loop(tf.constant(order), tf.constant(weights, self._training_rows.dtype))
        self._last_batch = order[-1][:, weights[-1] > 0]
        examples = (weights > 0).sum(axis=1).reshape(epochs, -1).sum(axis=1)
        loss, accuracy = (self._by_epoch(each, epochs) / examples for each in sums)
        return loss.astype("float32"), accuracy.astype("float32")

    def _by_epoch(self, sums: tf.Tensor, epochs: int) -> NDArray[np.float64]:
        """Add sums of mini-batches (step, stack) to sums of epochs (run, epoch)."""
        by_step = sums.numpy()[:, self._positions].T.astype("float64", order="C")
        return by_step.reshape(len(self._positions), epochs, -1).sum(axis=2)  # type: ignore[no-any-return]

    def test(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean loss and accuracy over the test rows, (run,)."""
        loss, accuracy = (
            probes.mean_over_examples(metric)[self._positions] for metric in self._test()
        )
        return loss, accuracy

    def weight_l1(self) -> NDArray[np.float64]:
        """Return the L1 norm of each layer's weights, (run, layer)."""
        weights = statistics.weight_columns(probes.kernels(self.network, self.flat()))
        return np.asarray(weights["w_l1"])

    def probe(self, examples: str = PROBE_SET, quantiles: bool = False) -> Probe:
        """Measure the runs as they are now.

        Parameters
        ----------
        examples
            One of `cells.EXAMPLES`: on which examples gradients and signals are measured.
        quantiles
            Whether to add quantiles of gradient and kernel entries.
        """
        flat = self._flat_rows().numpy()
        x, y = self._examples(examples)
        measured = probes.measure_stack(
            self._groups, self.network, self.loss, x, y, flat, quantiles
        )
        kernels = probes.kernels(self.network, flat)
        previous = self._previous_kernels.get(examples, self._initial_kernels)
        changes = statistics.change_columns(kernels, self._initial_kernels, previous)
        self._previous_kernels[examples] = kernels
        columns = {name: each[self._positions] for name, each in (measured | changes).items()}
        return Probe(columns.pop("loss"), columns.pop("accuracy"), columns)

    def _examples(self, examples: str) -> tuple[tf.Tensor, tf.Tensor]:
        """Return inputs (stack, input, example) and targets (stack, output, example)."""
        if examples == PROBE_SET:
            return self._probe_set
        if examples == TEST:
            x, y = (each[:, :, : self.cell.batch_size] for each in self._test_set)
            return x, y
        order = self._last_batch
        if examples == NEXT:
            (batch,), (weights,) = self._batches.peek(1)
            order = batch[:, weights > 0]
        return mini_batch(self._training_rows, order, self.network.inputs)


def _table(samples: list[tuple[NDArray[np.float32], NDArray[np.float32]]], dtype: str) -> tf.Tensor:
    """Join inputs (row, input) and targets (row, output) of each run as (run, row, input and
    output)."""
    return tf.constant(np.stack([np.concatenate(parts, axis=1) for parts in samples]), dtype)


def _features(table: tf.Tensor, inputs: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Split a table (stack, row, input and output) into inputs (stack, input, row) and targets
    (stack, output, row)."""
    columns = tf.transpose(table, (0, 2, 1))
    return columns[:, :inputs], columns[:, inputs:]
