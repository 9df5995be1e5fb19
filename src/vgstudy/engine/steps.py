"""The compiled inner loop: one optimizer step per mini-batch, for every run of a stack at once."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.groups import Parameters
from vgstudy.engine.losses import Loss
from vgstudy.engine.models import Net
from vgstudy.plan.cost import LANES

TEST_ROWS = 128
Steps = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def compile_steps(net: Net, loss: Loss, parameters: Parameters, x: tf.Tensor, y: tf.Tensor, batch_size: int) -> Steps:
    """Compile the training loop.

    Parameters
    ----------
    net, loss
        What is trained.
    parameters
        Updated in place.
    x, y
        Training inputs (stack, input, row) and targets (stack, output, row).
    batch_size
        Rows of a full mini-batch. A last batch that is not full is averaged over its own size, as Keras does.

    Returns
    -------
    A function that takes the row numbers of whole epochs of mini-batches (step, stack, example), takes one optimizer step for
    each, and gives the summed loss and the number of right predictions that each step met, both (step, stack).
    """
    table = tf.transpose(tf.concat([x, y], axis=1), (0, 2, 1))  # (stack, row, input + output)
    shares = batch_weights(x.shape[2], batch_size)
    weights, valid = tf.constant(shares, x.dtype), tf.constant(shares > 0, x.dtype)

    @tf.function(input_signature=[tf.TensorSpec((None, table.shape[0], shares.shape[1]), tf.int32)])  # type: ignore[untyped-decorator]
    def steps(order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        count = tf.shape(order)[0]
        weight, counted = (tf.tile(each, (count // len(shares), 1)) for each in (weights, valid))  # (step, example)
        logits, targets = tf.TensorArray(x.dtype, size=count), tf.TensorArray(x.dtype, size=count)
        for k in tf.range(count):
            batch = tf.transpose(tf.gather(table, order[k], batch_dims=1), (0, 2, 1))
            inputs, target = batch[:, : net.inputs], batch[:, net.inputs :]  # (stack, input or output, example)
            theta = parameters.tensor()
            with tf.GradientTape() as tape:
                tape.watch(theta)
                z = net.logits(theta, inputs)
            slope = loss.slope(z, target) * weight[k]  # of the sum over runs of each run's mean loss
            parameters.update(tape.gradient(z, theta, output_gradients=slope))
            logits, targets = logits.write(k, z), targets.write(k, target)
        z, target = logits.stack(), targets.stack()  # (step, stack, output, example)
        right = tf.cast(loss.correct(z, target), x.dtype)
        return tf.reduce_sum(loss.value(z, target) * counted[:, None], axis=2), tf.reduce_sum(right * counted[:, None], axis=2)

    return steps  # type: ignore[no-any-return]


def compile_test(
    net: Net, loss: Loss, parameters: Parameters, x: tf.Tensor, y: tf.Tensor
) -> Callable[[], tuple[tf.Tensor, tf.Tensor]]:
    """Compile the evaluation of rows x (stack, input, row) and y (stack, output, row).

    Returns
    -------
    A function that gives the loss of every row now, and whether its prediction is right (0 or 1), both (stack, row). It works on
    `TEST_ROWS` rows at a time, whose activations stay in a fast memory.
    """
    rows = x.shape[2]
    at_once = min(TEST_ROWS, -(-rows // LANES) * LANES)
    filled = [tf.pad(each, ((0, 0), (0, 0), (0, -rows % at_once))) for each in (x, y)]
    parts = [tf.stack(tf.split(each, each.shape[2] // at_once, axis=2)) for each in filled]  # (part, stack, feature, row)

    @tf.function  # type: ignore[untyped-decorator]
    def test() -> tuple[tf.Tensor, tf.Tensor]:
        theta = parameters.tensor()
        logits = tf.map_fn(lambda part: net.logits(theta, part), parts[0])  # (part, stack, output, row)
        each = (loss.value(logits, parts[1]), tf.cast(loss.correct(logits, parts[1]), x.dtype))
        value, right = (tf.concat(tf.unstack(e), axis=1)[:, :rows] for e in each)
        return value, right

    return test  # type: ignore[no-any-return]


def batch_weights(rows: int, batch_size: int) -> NDArray[np.float64]:
    """Weight of each example in the mean over its mini-batch (step, example).

    Examples that only fill a last batch which is not full, or a batch up to a multiple of `LANES`, have weight 0.
    """
    steps = -(-rows // batch_size)
    valid = (np.arange(steps * batch_size) < rows).reshape(steps, batch_size)
    weights = valid / valid.sum(axis=1, keepdims=True)
    return np.pad(weights, ((0, 0), (0, -batch_size % LANES)))


def shuffled(orders: Sequence[np.random.Generator], epochs: int, rows: int, batch_size: int) -> NDArray[np.int32]:
    """Row numbers of the mini-batches, (epoch and step, stack, example), reshuffled every epoch; row 0 fills batches."""
    steps = -(-rows // batch_size)
    order = np.zeros((len(orders), epochs, steps * batch_size), "int64")  # NumPy permutes no other type as fast
    order[:, :, :rows] = np.arange(rows)
    for generator, own in zip(orders, order, strict=True):
        generator.permuted(own[:, :rows], axis=1, out=own[:, :rows])
    batches = np.zeros((epochs * steps, len(orders), batch_size + -batch_size % LANES), "int32")
    batches[:, :, :batch_size] = order.reshape(len(orders), epochs * steps, batch_size).swapaxes(0, 1)
    return batches
