"""A stack of equal multilayer perceptrons, computed together.

Axes: a layer's parameters are (stack, out, in + 1), the kernel and, in the last column, the bias,
which is applied to a constant 1; activations are (stack, unit, example). All parameters of a run
are one flat row of a (stack, parameter) tensor, so that one stock Keras optimizer updates the whole
stack with elementwise maths, and no number of one run can reach another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from vgstudy.cells import KerasObject
from vgstudy.planning.stacks import LANES

Activation = Callable[[tf.Tensor], tf.Tensor]


def as_it_is(function: Activation) -> Activation:
    """The function."""
    return function


@dataclass(frozen=True)
class Net:
    """Layer sizes and the hidden activation of every net in a stack; the output layer is linear."""

    inputs: int
    depth: int
    width: int
    outputs: int
    activation: Activation

    @cached_property
    def kernel_shapes(self) -> list[tuple[int, int]]:
        """(out, in) of the kernels, layer 1 first, the output layer last."""
        units = [self.inputs, *[self.width] * self.depth, self.outputs]
        return [(out, into) for into, out in pairwise(units)]

    @cached_property
    def spans(self) -> list[slice]:
        """Where each layer's parameters are in a flat row."""
        ends: list[int] = np.cumsum(
            [0, *(out * (into + 1) for out, into in self.kernel_shapes)]
        ).tolist()
        return [slice(begin, end) for begin, end in pairwise(ends)]

    @cached_property
    def columns(self) -> int:
        """Length of a flat row: the parameters, and zeros up to a multiple of `LANES`."""
        parameters = sum(out * (into + 1) for out, into in self.kernel_shapes)
        return -(-parameters // LANES) * LANES

    def layers(self, flat: tf.Tensor) -> list[tf.Tensor]:
        """Split flat rows (stack, parameter) into layers (stack, out, in + 1), layer 1 first; axes
        after them are kept."""
        sizes = [span.stop - span.start for span in self.spans]
        parts = tf.split(flat, [*sizes, self.columns - sum(sizes)], axis=1)
        shapes = [(-1, out, into + 1, *flat.shape[2:]) for out, into in self.kernel_shapes]
        return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=False)]

    def logits(
        self,
        layers: Sequence[tf.Tensor],
        x: tf.Tensor,
        compiled: Callable[[Activation], Activation] = as_it_is,
    ) -> tf.Tensor:
        """Output layer's pre-activations (stack, output, example) of inputs x (stack, input,
        example).

        `compiled` is given what makes the inputs of the layer above out of the pre-activations of
        any hidden layer.
        """
        *hidden, last = layers
        above = compiled(lambda z: with_one(self.activation(z)))
        x = with_one(x)
        for layer in hidden:
            x = above(tf.matmul(layer, x))
        return tf.matmul(last, x)


def affine(layer: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Kernel times x plus bias; layer (stack, out, in + 1), x (stack, in, example)."""
    return tf.matmul(layer, with_one(x))


def with_one(x: tf.Tensor) -> tf.Tensor:
    """(stack, unit, example) with a last unit that is 1, by which biases are multiplied."""
    return tf.concat([x, tf.ones((x.shape[0], 1, x.shape[2]), x.dtype)], axis=1)


def activation(spec: KerasObject) -> Activation:
    """The Keras activation function of a level, with its arguments bound; the same object for the
    same level."""
    return _activation(spec.model_dump_json())


@cache
def _activation(spec_json: str) -> Activation:
    spec = KerasObject.model_validate_json(spec_json)
    function: Activation = keras.activations.get(spec.class_name)
    return partial(function, **spec.config) if spec.config else function


def value_and_slope(activation: Activation, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """An elementwise activation and its derivative at z."""
    with tf.GradientTape() as tape:
        tape.watch(z)
        h = activation(z)
    return h, tape.gradient(h, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def optimizer(spec: KerasObject) -> keras.optimizers.Optimizer:
    """A new stock Keras optimizer of a level."""
    return keras.optimizers.get({"class_name": spec.class_name, "config": dict(spec.config)})
