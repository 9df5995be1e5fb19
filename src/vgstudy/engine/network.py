"""A stack of multilayer perceptrons of equal shape, computed together.

A layer's parameters are (stack, out, in + 1): the kernel and, in the last column, the bias, which
multiplies a constant 1. Activations are (stack, unit, example). All parameters of a run are one
flat row of a (stack, parameter) tensor: one stock Keras optimizer updates the whole stack
elementwise, and no number of a run can reach another run.

Losses are of logits, per example. Keras recovers the logits of a sigmoid or softmax output before
it takes the cross-entropy, so these are its losses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from vgstudy.cells import KerasObject
from vgstudy.planning.stacks import LANES
from vgstudy.remedies import NO_REMEDY, Remedy

Activation = Callable[[tf.Tensor], tf.Tensor]


def unchanged(function: Activation) -> Activation:
    """Return the function itself."""
    return function


@dataclass(frozen=True)
class Network:
    """Layer sizes, hidden activation and remedy of every network in a stack; the output layer is
    linear.

    Batch and layer normalisation have gamma and beta for each hidden unit; they follow the layers
    in a flat row. While training goes layer by layer, the output layer is on top of the first
    `used` hidden layers, and the others have no part; None: of all.
    """

    inputs: int
    depth: int
    width: int
    outputs: int
    activation: Activation
    remedy: Remedy = NO_REMEDY
    used: int | None = None

    @cached_property
    def kernel_shapes(self) -> list[tuple[int, int]]:
        """(out, in) of each kernel, layer 1 first, the output layer last."""
        units = [self.inputs, *[self.width] * self.depth, self.outputs]
        return [(out, into) for into, out in pairwise(units)]

    @cached_property
    def spans(self) -> list[slice]:
        """Where each layer's parameters are in a flat row."""
        sizes = [out * (into + 1) for out, into in self.kernel_shapes]
        ends: list[int] = np.cumsum([0, *sizes]).tolist()
        return [slice(begin, end) for begin, end in pairwise(ends)]

    @cached_property
    def scale_span(self) -> slice:
        """Where gamma and beta of the hidden layers' units are in a flat row."""
        begin = self.spans[-1].stop
        return slice(begin, begin + 2 * self.depth * self.width * self.remedy.has_scales)

    @cached_property
    def row_length(self) -> int:
        """Length of a flat row: the parameters, and zeros up to a multiple of `LANES`."""
        parameters: int = self.scale_span.stop
        return -(-parameters // LANES) * LANES

    def layers(self, flat: tf.Tensor) -> list[tf.Tensor]:
        """Split flat rows (stack, parameter, ...) into layers (stack, out, in + 1, ...), layer 1
        first."""
        sizes = [span.stop - span.start for span in self.spans]
        *parts, _ = tf.split(flat, [*sizes, self.row_length - sum(sizes)], axis=1)
        shapes = [(-1, out, into + 1, *flat.shape[2:]) for out, into in self.kernel_shapes]
        return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]

    def scales(self, flat: tf.Tensor) -> list[tf.Tensor | None]:
        """Return gamma and beta of each hidden layer's units (stack, unit, 2), or None."""
        if not self.remedy.has_scales:
            return [None] * self.depth
        shape = (-1, self.depth, self.width, 2)
        return tf.unstack(tf.reshape(flat[:, self.scale_span], shape), axis=1)  # type: ignore[no-any-return]

    def by_parameter(self, of_layers: tf.Tensor) -> tf.Tensor:
        """Repeat a number of each layer (stack, layer) for each of its parameters (stack,
        parameter); gamma and beta go with their layer, padding with the last."""
        sizes = [span.stop - span.start for span in self.spans]
        layers = np.repeat(np.arange(self.depth + 1), sizes)
        scales = np.repeat(np.arange(self.depth), 2 * self.width * self.remedy.has_scales)
        padding = np.full(self.row_length - len(layers) - len(scales), self.depth)
        return tf.gather(of_layers, np.concatenate([layers, scales, padding]), axis=1)

    def logits(
        self,
        layers: Sequence[tf.Tensor],
        x: tf.Tensor,
        compiled: Callable[[Activation], Activation] = unchanged,
    ) -> tf.Tensor:
        """Return the output layer's pre-activations (stack, output, example).

        Parameters
        ----------
        layers
            Parameters as `layers` gives them.
        x
            Inputs (stack, input, example).
        compiled
            Compiles the function from a hidden layer's pre-activations to the inputs of the layer
            above.
        """
        *hidden, last = layers
        to_next_layer = compiled(lambda z: with_one(self.activation(z)))
        x = with_one(x)
        for layer in hidden:
            x = to_next_layer(tf.matmul(layer, x))
        return tf.matmul(last, x)


def affine(layer: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return kernel times x plus bias: layer (stack, out, in + 1), x (stack, in, example)."""
    return tf.matmul(layer, with_one(x))


def with_one(x: tf.Tensor) -> tf.Tensor:
    """Append to x (stack, unit, example) a unit that is always 1, which multiplies the bias."""
    return tf.concat([x, tf.ones((x.shape[0], 1, x.shape[2]), x.dtype)], axis=1)


@cache
def activation_function(spec: KerasObject) -> Activation:
    """Return the Keras activation function of a level, arguments bound; equal levels give the same
    object."""
    function: Activation = keras.activations.get(spec.class_name)
    return partial(function, **spec.config) if spec.config else function


def value_and_slope(activation: Activation, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return an elementwise activation and its derivative at z."""
    with tf.GradientTape() as tape:
        tape.watch(z)
        h = activation(z)
    return h, tape.gradient(h, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


@dataclass(frozen=True)
class Loss:
    """A loss of logits z and targets y, both (stack, output, example).

    Attributes
    ----------
    value
        Loss per example in nats, (stack, example).
    slope
        Its derivative by z, (stack, output, example).
    correct
        Whether the prediction is right, boolean, (stack, example).
    """

    value: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    slope: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    correct: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


# Targets are 0 or 1. With the sigmoid s: -log s(z) for y = 1, -log(1 - s(z)) for y = 0.
BINARY = Loss(
    value=lambda z, y: tf.reduce_sum(tf.nn.softplus((1 - 2 * y) * z), axis=-2),
    slope=lambda z, y: tf.sigmoid(z) - y,
    correct=lambda z, y: tf.reduce_all((tf.sigmoid(z) > 0.5) == (y > 0.5), axis=-2),
)

# Targets are one-hot.
CATEGORICAL = Loss(
    value=lambda z, y: tf.reduce_logsumexp(z, axis=-2) - tf.reduce_sum(y * z, axis=-2),
    slope=lambda z, y: tf.nn.softmax(z, axis=-2) - y,
    correct=lambda z, y: tf.argmax(z, axis=-2) == tf.argmax(y, axis=-2),
)

LOSSES: Mapping[str, Loss] = {"binary": BINARY, "categorical": CATEGORICAL}
