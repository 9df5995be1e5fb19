"""The compiled inner loop: one optimizer step per mini-batch, for every run of a stack at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import tensorflow as tf

from vgstudy.engine.groups import Parameters
from vgstudy.engine.losses import Loss
from vgstudy.engine.models import Net
from vgstudy.planning.stacks import LANES

TEST_ROWS = 128
Two = tuple[tf.Tensor, tf.Tensor]
Steps = Callable[[tf.Tensor, tf.Tensor], Two]
xla = partial(
    tf.function, jit_compile=True, autograph=False
)  # compiled once per process for each shape


@dataclass(frozen=True)
class Step:
    """What an optimizer step computes.

    Attributes
    ----------
    gradient
        Of parameters, row numbers of a mini-batch (stack, example) and the weight of each example
        (example,): what `sums` needs to see of the mini-batch, and the gradient of the sum over
        runs of each run's weighted loss, laid out as the parameters.
    sums
        Of what was seen of several mini-batches and of their weights (step, example): the summed
        loss and the number of right predictions, both (step, stack).
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
        Training rows (stack, row, input and output), or (row, input and output) if all runs train
        on the same.
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
        right, counted = (
            tf.cast(loss.correct(z, target), table.dtype),
            tf.cast(weights > 0, table.dtype)[:, None],
        )
        return tf.reduce_sum(loss.value(z, target) * counted, axis=2), tf.reduce_sum(
            right * counted, axis=2
        )

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
    A function that takes the row numbers of mini-batches (step, stack, example) and the weight of
    each example in the mean over its mini-batch (step, example), takes one optimizer step for each,
    and gives the summed loss and the number of right predictions that each step met, both (step,
    stack). An example of weight 0 only fills its mini-batch.
    """

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec((None, parameters.runs, width), tf.int32),
            tf.TensorSpec((None, width), dtype),
        ],
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
    """Compile the evaluation of rows x (stack, input, row) and y (stack, output, row); a stack axis
    of 1 if all have the same.

    `flat` gives the parameters now, (stack, parameter).

    Returns
    -------
    A function that gives the loss of every row now, and whether its prediction is right (0 or 1),
    both (stack, row). It works on `TEST_ROWS` rows at a time, whose activations stay in a fast
    memory.
    """
    rows = x.shape[2]
    at_once = min(TEST_ROWS, -(-rows // LANES) * LANES)
    filled = [tf.pad(each, ((0, 0), (0, 0), (0, -rows % at_once))) for each in (x, y)]
    parts = [
        tf.stack(tf.split(each, each.shape[2] // at_once, axis=2)) for each in filled
    ]  # (part, stack, feature, row)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def test() -> tuple[tf.Tensor, tf.Tensor]:
        layers = net.layers(flat())
        logits = tf.map_fn(
            lambda part: net.logits(layers, part, xla), parts[0]
        )  # (part, stack, output, row)
        each = (loss.value(logits, parts[1]), tf.cast(loss.correct(logits, parts[1]), x.dtype))
        value, right = (tf.concat(tf.unstack(e), axis=1)[:, :rows] for e in each)
        return value, right

    return test  # type: ignore[no-any-return]
