"""The compiled inner loop: one optimizer step per mini-batch, for every run of a stack at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.groups import Parameters
from vgstudy.engine.losses import Loss
from vgstudy.engine.models import Net
from vgstudy.plan.portions import LANES

TEST_ROWS = 128
SHORT = 512  # row numbers of 9 bits leave 23 random ones of 32, and one permutation in 60 to draw anew
Two = tuple[tf.Tensor, tf.Tensor]
Steps = Callable[[tf.Tensor, tf.Tensor], Two]
xla = partial(tf.function, jit_compile=True, autograph=False)  # compiled once per process for each shape


@dataclass(frozen=True)
class Step:
    """What an optimizer step computes.

    Attributes
    ----------
    gradient
        Of parameters, row numbers of a mini-batch (stack, example) and the weight of each example (example,): what `sums` needs
        to see of the mini-batch, and the gradient of the sum over runs of each run's weighted loss, laid out as the parameters.
    sums
        Of what was seen of several mini-batches and of their weights (step, example): the summed loss and the number of right
        predictions, both (step, stack).
    """

    gradient: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[Two, tf.Tensor]]
    sums: Callable[[Two, tf.Tensor], Two]


def step(net: Net, loss: Loss, table: tf.Tensor) -> Step:
    """The step of a stack whose parameters are flat rows.

    Parameters
    ----------
    net, loss
        What is trained.
    table
        Training rows (stack, row, input and output), or (row, input and output) if all runs train on the same.
    """

    def gradient(theta: tf.Tensor, order: tf.Tensor, weights: tf.Tensor) -> tuple[Two, tf.Tensor]:
        x, target = mini_batch(table, order, net.inputs)
        with tf.GradientTape() as tape:
            tape.watch(theta)
            z = net.logits(net.layers(theta), x)
        slope = loss.slope(z, target) * weights
        return (z, target), tape.gradient(z, theta, output_gradients=slope)

    def sums(seen: Two, weights: tf.Tensor) -> Two:
        z, target = seen  # (step, stack, output, example)
        right, counted = tf.cast(loss.correct(z, target), table.dtype), tf.cast(weights > 0, table.dtype)[:, None]
        return tf.reduce_sum(loss.value(z, target) * counted, axis=2), tf.reduce_sum(right * counted, axis=2)

    return Step(gradient, sums)


def compile_steps(step: Step, parameters: Parameters, width: int, dtype: tf.DType) -> Steps:
    """Compile the training loop.

    Parameters
    ----------
    step
        What each step computes.
    parameters
        Updated in place.
    width
        Examples of a mini-batch, those that only fill it included.
    dtype
        In which training computes.

    Returns
    -------
    A function that takes the row numbers of mini-batches (step, stack, example) and the weight of each example in the mean over
    its mini-batch (step, example), takes one optimizer step for each, and gives the summed loss and the number of right
    predictions that each step met, both (step, stack). An example of weight 0 only fills its mini-batch.
    """

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec((None, parameters.runs, width), tf.int32), tf.TensorSpec((None, width), dtype)],
        autograph=False,  # which takes longer than all the rest of tracing
    )
    def steps(order: tf.Tensor, weights: tf.Tensor) -> Two:
        count = tf.shape(order)[0]

        def one(k: tf.Tensor, *arrays: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            seen, gradient = step.gradient(parameters.tensor(), order[k], weights[k])
            parameters.update(gradient)
            return k + 1, *(array.write(k, each) for array, each in zip(arrays, seen, strict=True))

        arrays = [tf.TensorArray(dtype, size=count) for _ in range(2)]
        _, first, second = tf.while_loop(lambda k, *_: k < count, one, (0, *arrays))
        return step.sums((first.stack(), second.stack()), weights)

    return steps  # type: ignore[no-any-return]


def mini_batch(table: tf.Tensor, order: tf.Tensor, inputs: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Inputs (stack, input, example) and targets (stack, output, example) of some rows of a table.

    Parameters
    ----------
    table
        Rows as in `step`.
    order
        Row numbers (stack, example).
    inputs
        How many of the columns are inputs.
    """
    batch = tf.transpose(tf.gather(table, order, batch_dims=table.shape.rank - 2), (0, 2, 1))
    return batch[:, :inputs], batch[:, inputs:]


def compile_test(
    net: Net, loss: Loss, flat: Callable[[], tf.Tensor], x: tf.Tensor, y: tf.Tensor
) -> Callable[[], tuple[tf.Tensor, tf.Tensor]]:
    """Compile the evaluation of rows x (stack, input, row) and y (stack, output, row); a stack axis of 1 if all have the same.

    `flat` gives the parameters now, (stack, parameter).

    Returns
    -------
    A function that gives the loss of every row now, and whether its prediction is right (0 or 1), both (stack, row). It works on
    `TEST_ROWS` rows at a time, whose activations stay in a fast memory.
    """
    rows = x.shape[2]
    at_once = min(TEST_ROWS, -(-rows // LANES) * LANES)
    filled = [tf.pad(each, ((0, 0), (0, 0), (0, -rows % at_once))) for each in (x, y)]
    parts = [tf.stack(tf.split(each, each.shape[2] // at_once, axis=2)) for each in filled]  # (part, stack, feature, row)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def test() -> tuple[tf.Tensor, tf.Tensor]:
        layers = net.layers(flat())
        logits = tf.map_fn(lambda part: net.logits(layers, part, xla), parts[0])  # (part, stack, output, row)
        each = (loss.value(logits, parts[1]), tf.cast(loss.correct(logits, parts[1]), x.dtype))
        value, right = (tf.concat(tf.unstack(e), axis=1)[:, :rows] for e in each)
        return value, right

    return test  # type: ignore[no-any-return]


class Order:
    """The mini-batches that a stack's runs train on: row numbers, reshuffled for every pass over the training rows.

    Parameters
    ----------
    generators
        A run's own random generator each.
    rows
        Training rows.
    batch_size
        Rows of a full mini-batch; the last one of a pass may have fewer.
    """

    def __init__(self, generators: Sequence[np.random.Generator], rows: int, batch_size: int) -> None:
        self._generators, self._rows, self._batch_size = generators, rows, batch_size
        self._pass = -(-rows // batch_size)  # steps
        self._weights = batch_weights(rows, batch_size)
        self._ahead = np.zeros((0, len(generators), self.width), "int32")
        self._taken = 0

    @property
    def width(self) -> int:
        """Examples of a mini-batch with those that only fill it."""
        return int(self._weights.shape[1])

    def take(self, steps: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The next mini-batches: row numbers (step, stack, example), weights of the examples (step, example)."""
        found = self.peek(steps)
        self._ahead, self._taken = self._ahead[steps:], self._taken + steps
        return found

    def peek(self, steps: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """What `take` would give."""
        lacking = steps - len(self._ahead)
        if lacking > 0:
            passes = shuffled(self._generators, -(-lacking // self._pass), self._rows, self._batch_size)
            self._ahead = np.concatenate([self._ahead, passes]) if len(self._ahead) else passes
        return self._ahead[:steps], self._weights[(self._taken + np.arange(steps)) % self._pass]


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
    order = np.zeros((len(orders), epochs, steps * batch_size), "int32")
    for first in range(0, len(orders), LANES):  # a few at a time stay in a fast memory
        few = slice(first, first + LANES)
        order[few, :, :rows] = permutations(orders[few], epochs, rows)
    batches = np.zeros((epochs * steps, len(orders), batch_size + -batch_size % LANES), "int32")
    batches[:, :, :batch_size] = order.reshape(len(orders), epochs * steps, batch_size).swapaxes(0, 1)
    return batches


def permutations(generators: Sequence[np.random.Generator], count: int, rows: int) -> NDArray[np.int32]:
    """Permutations of row numbers (generator, permutation, row), exactly uniform, the same however many are drawn at once.

    Sorts random keys that end in the row's number, which is faster than swapping rows one by one. Where two keys are equal but
    for the row, any order would favour one: such a permutation is drawn anew, seeded by one more word of its own.
    """
    low = (1 << (rows - 1).bit_length()) - 1  # what holds a row's number
    key = np.dtype("uint32" if rows <= SHORT else "uint64")
    words = -(-rows * key.itemsize // 8)
    drawn = np.stack([each.bit_generator.random_raw(count * (words + 1)) for each in generators])
    drawn = drawn.reshape(len(generators), count, words + 1)
    keys = np.ascontiguousarray(drawn[:, :, :words]).view(key)[:, :, :rows]
    keys = np.sort((keys & ~key.type(low)) | np.arange(rows, dtype=key))
    found: NDArray[np.int32] = (keys & key.type(low)).astype("int32")
    for run, k in np.argwhere(((keys[:, :, 1:] ^ keys[:, :, :-1]) <= low).any(axis=2)):
        found[run, k] = np.random.default_rng(drawn[run, k, -1]).permutation(rows)
    return found
