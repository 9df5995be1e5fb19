"""Train one stack: seeded runs of equal shape, together. Returns tables, writes no files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.config.log import Log
from vgstudy.engine import probes, simd, statistics
from vgstudy.engine.batches import MiniBatches, Pair, load_rows, mini_batch
from vgstudy.engine.groups import Parameters, arrange, stack_activation
from vgstudy.engine.initial import initial_flat, with_unit_variance
from vgstudy.engine.log_tables import Curves, Measurements
from vgstudy.engine.loop import Step, compile_loop, compile_test, matrix_step, summed_metrics
from vgstudy.engine.network import LOSSES, Network
from vgstudy.engine.remedied_step import RemediedStep
from vgstudy.planning.stacks import STEPS_AT_ONCE, is_narrow
from vgstudy.remedies import NO_REMEDY
from vgstudy.schema import NEXT, PROBE_SET, TEST
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
        twice = runs if len(runs) > 1 else [*runs, *runs]
        self._runs, self._groups, positions = arrange(twice)
        self._positions, self._dtype = positions[: len(runs)], dtype
        self.loss = LOSSES[task.loss]
        activation = stack_activation(self._groups)
        self.network = Network(
            task.inputs, cell.depth, cell.width, task.outputs, activation, cell.remedy
        )
        self._rows = load_rows(self._runs, probe_rows, dtype)
        generators = [np.random.default_rng(each) for each in self._streams("batches")]
        self._batches = MiniBatches(generators, task.train, cell.batch_size)
        # Row numbers of the mini-batch before (stack, example).
        self._last_batch: NDArray[np.int32] | None = None
        initial = self._drawn(self._streams("kernels"))
        if cell.remedy.unit_variance:
            initial = with_unit_variance(self.network, initial, self._examples(NEXT)[0])
        self._initial_kernels = probes.kernels(self.network, initial)
        # Kernels at the previous probe of each kind of examples.
        self._previous_kernels: dict[str, list[NDArray[np.float64]]] = {}
        # Epochs trained, and the present stage of training.
        self._epoch = self._stage = 0
        self._compile(initial)

    def _streams(self, purpose: str) -> list[np.random.SeedSequence]:
        return [stream(run.cell, run.seed, purpose) for run in self._runs]

    def _drawn(self, streams: Sequence[np.random.SeedSequence]) -> NDArray[np.float32]:
        """Draw parameters (stack, parameter)."""
        return initial_flat(self.network, [run.cell.initializer for run in self._runs], streams)

    def _compile(self, initial: NDArray[np.float32]) -> None:
        """Compile training and tests of the present stage, with parameters that start at `initial`
        (stack, parameter)."""
        cell, task = self.cell, self.cell.task
        shape = cell.width, task.inputs, task.outputs, cell.batch_size
        is_plain = cell.remedy == NO_REMEDY
        self._in_blocks = is_plain and is_narrow(*shape, simd.MAX_UNITS)
        pack = simd.pack if self._in_blocks else tf.identity
        self._parameters = Parameters(initial, self._groups, self._dtype, pack)
        if is_plain:
            trained = self.network, self.loss, self._rows.training
            lanes, products = partial(simd.block_step, groups=self._groups), matrix_step
            step = (lanes if self._in_blocks else products)(*trained)
            self._test = compile_test(
                self.network, self.loss, self._flat_rows, *self._rows.test_set
            )
        else:
            step, self._test = self._remedied(initial)
        self._loop = compile_loop(
            step, self._parameters, self._batches.width, self._rows.training.dtype
        )

    def _remedied(self, initial: NDArray[np.float32]) -> tuple[Step, Callable[[], Pair]]:
        """Return the step of the present stage, and what evaluates the test rows."""
        used, frozen = self.cell.remedy.stages(self.cell.depth)[self._stage]
        remedy = self.cell.remedy.model_copy(update={"frozen": frozen})
        network = replace(self.network, used=used, remedy=remedy)
        keys = [each.generate_state(1, np.uint64)[0] for each in self._streams("directions")]
        initial_rms = partial(self._gradient_rms, initial.astype(self._dtype))
        step = RemediedStep(network, self.loss, self._rows.training, np.array(keys), initial_rms)
        test = tf.function(
            lambda: step.evaluate(self._flat_rows(), *self._rows.test_set), autograph=False
        )
        return Step(step.gradient, partial(summed_metrics, self.loss)), test

    def _begin_stage(self) -> None:
        """Compile the next stage, with an output layer drawn again, if its time has come."""
        ends = self._stage_ends()
        if self._epoch != ends[self._stage] or self._stage + 1 == len(ends):
            return
        self._stage += 1
        flat, output = np.array(self._flat_rows()), self.network.spans[-1]
        streams = [each.spawn(self._stage)[-1] for each in self._streams("kernels")]
        flat[:, output] = self._drawn(streams)[:, output]
        self._compile(flat)

    def _stage_ends(self) -> list[int]:
        """Return the last epoch of each stage of training."""
        stages = len(self.cell.remedy.stages(self.cell.depth))
        return [self.cell.epochs * stage // stages for stage in range(1, stages + 1)]

    def _gradient_rms(self, flat: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the RMS of each layer's gradient on the probe set (stack, layer)."""
        measured = probes.measure_stack(
            self._groups, self.network, self.loss, *self._rows.probe_set, flat
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
        last = self._epoch + epochs
        parts = []
        while self._epoch < last:
            self._begin_stage()
            pauses = [end for end in self._stage_ends()[:-1] if end > self._epoch]
            at_once = max(1, STEPS_AT_ONCE // self.cell.steps)
            count = min(at_once, min([last, *pauses]) - self._epoch)
            parts.append(self._advance(count))
            self._epoch += count
        loss, accuracy = (np.concatenate(metric, axis=1) for metric in zip(*parts, strict=True))
        return loss, accuracy

    def _advance(self, epochs: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        order, weights = self._batches.take(epochs * self.cell.steps)
        sums = self._loop(tf.constant(order), tf.constant(weights, self._rows.training.dtype))
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
            One of `schema.EXAMPLES`: on which examples gradients and signals are measured.
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
            return self._rows.probe_set
        if examples == TEST:
            x, y = (each[:, :, : self.cell.batch_size] for each in self._rows.test_set)
            return x, y
        order = self._last_batch
        if examples == NEXT:
            (batch,), (weights,) = self._batches.peek(1)
            order = batch[:, weights > 0]
        return mini_batch(self._rows.training, order, self.network.inputs)
