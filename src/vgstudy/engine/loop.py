"""The compiled training loop: one optimizer step per mini-batch, for every run of a stack."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import tensorflow as tf

from vgstudy.engine.batches import Pair, mini_batch
from vgstudy.engine.groups import Parameters
from vgstudy.engine.network import Loss, Network
from vgstudy.planning.stacks import LANES

# Test rows evaluated at once, whose activations stay in the cache.
TEST_ROWS = 128
Loop = Callable[[tf.Tensor, tf.Tensor], Pair]
# Compiled by XLA once per process for each shape.
xla = partial(tf.function, jit_compile=True, autograph=False)


@dataclass(frozen=True)
class Step:
    """What an optimizer step computes.

    Attributes
    ----------
    gradient
        From parameters, row numbers of a mini-batch (stack, example) and the examples' weights
        (example,): what `metrics` needs of this mini-batch, and the gradient of each run's
        weighted loss, laid out as the parameters.
    metrics
        From what `gradient` gave for several mini-batches and their weights (step, example): the
        summed loss and the number of right predictions, both (step, stack).
    """

    gradient: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[Pair, tf.Tensor]]
    metrics: Callable[[Pair, tf.Tensor], Pair]


def matrix_step(network: Network, loss: Loss, table: tf.Tensor) -> Step:
    """Return the step of a stack by matrix products, its parameters being flat rows.

    Parameters
    ----------
    network, loss
        What is trained.
    table
        Training rows (stack, row, input and output), or (row, input and output) if all runs train
        on the same.
    """

    def gradient(flat: tf.Tensor, order: tf.Tensor, weights: tf.Tensor) -> tuple[Pair, tf.Tensor]:
        x, target = mini_batch(table, order, network.inputs)
        with tf.GradientTape() as tape:
            tape.watch(flat)
            z = network.logits(network.layers(flat), x)
        slope = loss.slope(z, target) * weights
        return (z, target), tape.gradient(z, flat, output_gradients=slope)

    return Step(gradient, partial(summed_metrics, loss))


def summed_metrics(loss: Loss, outputs: Pair, weights: tf.Tensor) -> Pair:
    """Return what `Step.metrics` does, from logits and targets (step, stack, output, example)."""
    z, target = outputs
    counted = tf.cast(weights > 0, z.dtype)[:, None]
    correct = tf.cast(loss.correct(z, target), z.dtype)
    return (
        tf.reduce_sum(loss.value(z, target) * counted, axis=2),
        tf.reduce_sum(correct * counted, axis=2),
    )


def compile_loop(step: Step, parameters: Parameters, width: int, dtype: tf.DType) -> Loop:
    """Compile the training loop.

    Parameters
    ----------
    step
        What each step computes.
    parameters
        Updated in place.
    width
        Examples of a mini-batch, padding included.
    dtype
        In which training computes.

    Returns
    -------
    A function of row numbers of mini-batches (step, stack, example) and of each example's weight in
    the mean over its mini-batch (step, example), 0 for padding. It takes one optimizer step per
    mini-batch and returns the summed loss and the number of right predictions before each step,
    both (step, stack).
    """

    # AutoGraph would take longer than all the rest of tracing.
    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec((None, parameters.runs, width), tf.int32),
            tf.TensorSpec((None, width), dtype),
        ],
        autograph=False,
    )
    def loop(order: tf.Tensor, weights: tf.Tensor) -> Pair:
        count = tf.shape(order)[0]

        def body(k: tf.Tensor, *arrays: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            outputs, gradient = step.gradient(parameters.tensor(), order[k], weights[k])
            parameters.update(gradient)
            return k + 1, *(array.write(k, o) for array, o in zip(arrays, outputs, strict=True))

        arrays = [tf.TensorArray(dtype, size=count) for _ in range(2)]
        _, first, second = tf.while_loop(lambda k, *_: k < count, body, (0, *arrays))
        return step.metrics((first.stack(), second.stack()), weights)

    return loop  # type: ignore[no-any-return]


def compile_test(
    network: Network, loss: Loss, flat: Callable[[], tf.Tensor], x: tf.Tensor, y: tf.Tensor
) -> Callable[[], Pair]:
    """Compile the evaluation of test rows.

    Parameters
    ----------
    network, loss
        What is evaluated.
    flat
        Returns the current parameters (stack, parameter).
    x, y
        Inputs (stack, input, row) and targets (stack, output, row); a stack axis of 1 if all runs
        have the same.

    Returns
    -------
    A function that returns the current loss of every row, and whether its prediction is right (0 or
    1), both (stack, row).
    """
    rows = x.shape[2]
    at_once = min(TEST_ROWS, -(-rows // LANES) * LANES)
    padded = [tf.pad(each, ((0, 0), (0, 0), (0, -rows % at_once))) for each in (x, y)]
    # (part, stack, feature, row)
    inputs, targets = (
        tf.stack(tf.split(each, each.shape[2] // at_once, axis=2)) for each in padded
    )

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def test() -> Pair:
        layers = network.layers(flat())
        z = tf.map_fn(lambda part: network.logits(layers, part, xla), inputs)
        by_part = (loss.value(z, targets), tf.cast(loss.correct(z, targets), x.dtype))
        value, correct = (tf.concat(tf.unstack(each), axis=1)[:, :rows] for each in by_part)
        return value, correct

    return test  # type: ignore[no-any-return]
