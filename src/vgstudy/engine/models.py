"""A stack of equal multilayer perceptrons, computed together.

Axes: a layer's parameters are (stack, out, in + 1), the kernel and, in the last column, the bias, which is applied to a
constant 1; activations are (stack, unit, example). All parameters of a run are one flat row of a (stack, parameter)
tensor, so that one stock Keras optimizer updates the whole stack with elementwise maths, and no number of one run can
reach another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Initializer, KerasObject
from vgstudy.config.keras_names import REGISTRY
from vgstudy.plan.portions import LANES

Activation = Callable[[tf.Tensor], tf.Tensor]
Compile = Callable[[Activation], Activation]


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
        ends: list[int] = np.cumsum([0, *(out * (into + 1) for out, into in self.kernel_shapes)]).tolist()
        return [slice(begin, end) for begin, end in pairwise(ends)]

    @cached_property
    def columns(self) -> int:
        """Length of a flat row: the parameters, and zeros up to a multiple of `LANES`."""
        parameters = sum(out * (into + 1) for out, into in self.kernel_shapes)
        return -(-parameters // LANES) * LANES

    def layers(self, flat: tf.Tensor) -> list[tf.Tensor]:
        """Split flat rows (stack, parameter) into layers (stack, out, in + 1), layer 1 first; axes after them are kept."""
        sizes = [span.stop - span.start for span in self.spans]
        parts = tf.split(flat, [*sizes, self.columns - sum(sizes)], axis=1)
        shapes = [(-1, out, into + 1, *flat.shape[2:]) for out, into in self.kernel_shapes]
        return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=False)]

    def logits(
        self, layers: Sequence[tf.Tensor], x: tf.Tensor, compiled: Callable[[Activation], Activation] = as_it_is
    ) -> tf.Tensor:
        """Output layer's pre-activations (stack, output, example) of inputs x (stack, input, example).

        `compiled` is given what makes the inputs of the layer above out of the pre-activations of any hidden layer.
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
    """The Keras activation function of a level, with its arguments bound; the same object for the same level."""
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


class _GivenSeed(keras.random.SeedGenerator):  # type: ignore[misc]
    """Hands out the seed it was given: Keras initializers take an int (32 bits) or a generator, and this one carries 62 bits."""

    def __init__(self) -> None:
        self.pair: tf.Tensor = None

    def next(self, ordered: bool = True) -> tf.Tensor:  # noqa: ARG002
        return self.pair


def draw_kernels(spec: KerasObject, shape: tuple[int, int], seeds: NDArray[np.int32]) -> NDArray[np.float32]:
    """Draw one kernel per seed with the level's Keras initializer.

    Parameters
    ----------
    spec
        The initializer.
    shape
        (out, in) of one kernel. Keras draws it as (in, out), the shape from which it takes the fans.
    seeds
        (kernel, 2) non-negative int32: the two halves of each kernel's seed.

    Returns
    -------
    Kernels (kernel, out, in), float32. Each depends on its own seed alone.
    """
    return np.swapaxes(_drawing(spec.model_dump_json(), shape)(tf.constant(seeds)).numpy(), 1, 2)


@cache
def _drawing(spec_json: str, shape: tuple[int, int]) -> Callable[[tf.Tensor], tf.Tensor]:
    """The compiled drawing of kernels of one initializer and shape, from seeds (kernel, 2) to kernels (kernel, in, out)."""
    spec = KerasObject.model_validate_json(spec_json)
    arguments = REGISTRY["initializer"][spec.class_name].arguments
    defaults = {name: value for name, value in arguments.items() if name != "seed"}  # Keras' Constant insists on its value
    initializer = keras.initializers.get({"class_name": spec.class_name, "config": defaults | spec.config})
    given = _GivenSeed()
    if "seed" in arguments:
        initializer.seed = given

    def one(pair: tf.Tensor) -> tf.Tensor:
        given.pair = pair
        return initializer(shape[::-1], dtype="float32")

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.int32)], autograph=False)  # type: ignore[untyped-decorator]
    def drawn(seeds: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(one, seeds, fn_output_signature=tf.float32)

    return drawn  # type: ignore[no-any-return]


def initial_flat(net: Net, specs: Sequence[Initializer], streams: Sequence[np.random.SeedSequence]) -> NDArray[np.float32]:
    """Initial parameters of a stack (stack, parameter): kernels drawn layer by layer, biases zero.

    Parameters
    ----------
    net
        The layer sizes.
    specs, streams
        Initializer and random stream of each run. Layers are drawn independently, or all from the first one's seed if tied.
    """
    layers = len(net.kernel_shapes)
    halves = np.stack([s.generate_state(2 * layers) for s in streams]) >> 1
    seeds = halves.astype("int32").reshape(len(specs), layers, 2)
    tied = [s.tied for s in specs]
    seeds[tied] = seeds[tied, :1]
    flat = np.zeros((len(specs), net.columns), "float32")
    for spec in {s.model_dump_json(): s for s in specs}.values():
        rows = np.flatnonzero([s == spec for s in specs])
        hidden = KerasObject(class_name=spec.class_name, config=spec.config)
        kinds = [*zip([hidden] * (layers - 1), net.kernel_shapes, strict=False), (spec.output or hidden, net.kernel_shapes[-1])]
        for kind in [kind for i, kind in enumerate(kinds) if kind not in kinds[:i]]:
            _draw(flat, net, rows, [i for i in range(layers) if kinds[i] == kind], kind[0], seeds)
    return flat


def _draw(
    flat: NDArray[np.float32], net: Net, rows: NDArray[np.intp], layers: list[int], spec: KerasObject, seeds: NDArray[np.int32]
) -> None:
    """Draw the kernels of some rows and layers, all of one shape, into `flat`."""
    kernels = draw_kernels(spec, net.kernel_shapes[layers[0]], seeds[rows][:, layers].reshape(-1, 2))
    biased = np.concatenate([kernels, np.zeros_like(kernels[:, :, :1])], axis=2).reshape(len(rows), len(layers), -1)
    for i, layer in enumerate(layers):
        flat[rows, net.spans[layer]] = biased[:, i]
