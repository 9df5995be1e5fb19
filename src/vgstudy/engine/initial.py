"""Initial parameters of a stack: kernels drawn by stock Keras initializers, each from its own
seed."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Initializer, KerasObject
from vgstudy.config.keras_names import REGISTRY
from vgstudy.engine.network import Network
from vgstudy.engine.remedied import forward


class _FixedSeed(keras.random.SeedGenerator):  # type: ignore[misc]
    """A seed generator that returns `pair`. Keras initializers take an int of 32 bits or a
    generator; this one carries 62 bits."""

    def __init__(self) -> None:
        self.pair: tf.Tensor = None

    def next(self, ordered: bool = True) -> tf.Tensor:  # noqa: ARG002
        return self.pair


def draw_kernels(
    spec: KerasObject, shape: tuple[int, int], seeds: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Draw one kernel per seed with the level's Keras initializer.

    Parameters
    ----------
    spec
        The initializer.
    shape
        (out, in) of one kernel. Keras draws it as (in, out), from which it takes the fans.
    seeds
        (kernel, 2) non-negative int32: the two halves of each kernel's seed.

    Returns
    -------
    Kernels (kernel, out, in), float32. Each depends on its own seed alone.
    """
    return np.swapaxes(_compiled(spec, shape)(tf.constant(seeds)).numpy(), 1, 2)


@cache
def _compiled(spec: KerasObject, shape: tuple[int, int]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Compile the drawing of kernels of one shape: seeds (kernel, 2) to kernels (kernel, in,
    out)."""
    arguments = REGISTRY["initializer"][spec.class_name].arguments
    # Keras' Constant insists on its value.
    defaults = {name: value for name, value in arguments.items() if name != "seed"}
    initializer = keras.initializers.get(
        {"class_name": spec.class_name, "config": defaults | spec.config}
    )
    fixed = _FixedSeed()
    if "seed" in arguments:
        initializer.seed = fixed

    def draw(pair: tf.Tensor) -> tf.Tensor:
        fixed.pair = pair
        return initializer(shape[::-1], dtype="float32")

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.int32)], autograph=False)  # type: ignore[untyped-decorator]
    def draw_all(seeds: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)

    # TensorFlow warns of many functions, not of many concrete ones.
    return draw_all.get_concrete_function()  # type: ignore[no-any-return]


def initial_flat(
    network: Network, specs: Sequence[Initializer], streams: Sequence[np.random.SeedSequence]
) -> NDArray[np.float32]:
    """Return the initial parameters of a stack (stack, parameter): kernels drawn, biases zero or
    drawn, beta zero, gamma one.

    Parameters
    ----------
    network
        The layer sizes.
    specs, streams
        Initializer and random stream of each run. Layers are drawn independently, or, if tied, all
        from the first layer's seed.
    """
    flat = np.zeros((len(specs), network.row_length), "float32")
    flat[:, network.scale_span][:, ::2] = 1
    seeds = _seeds(specs, streams, len(network.kernel_shapes))
    for spec in dict.fromkeys(specs):
        rows = np.flatnonzero([s == spec for s in specs])
        for initializer, layers in _layers_drawn_alike(network, spec):
            shape = network.kernel_shapes[layers[0]]
            of_kernels, of_biases = (
                seeds[rows, part][:, layers].reshape(-1, 2) for part in range(2)
            )
            kernels = draw_kernels(initializer, shape, of_kernels)
            biases = np.zeros_like(kernels[:, :, :1])
            if spec.bias:
                biases = draw_kernels(spec.bias, shape, of_biases)[:, :, :1]
            with_bias = np.concatenate([kernels, biases], axis=2)
            drawn = with_bias.reshape(len(rows), len(layers), -1)
            for i, layer in enumerate(layers):
                flat[rows, network.spans[layer]] = drawn[:, i]
    return flat


def _seeds(
    specs: Sequence[Initializer], streams: Sequence[np.random.SeedSequence], layers: int
) -> NDArray[np.int32]:
    """Return both halves of the seed of each layer's kernel and biases, (run, kernel or bias,
    layer, 2)."""
    halves = np.stack([stream.generate_state(4 * layers) for stream in streams]) >> 1
    seeds = halves.astype("int32").reshape(len(specs), 2, layers, 2)
    tied = [spec.tied for spec in specs]
    seeds[tied] = seeds[tied, :, :1]
    return seeds


def with_unit_variance(
    network: Network, flat: NDArray[np.float32], x: tf.Tensor
) -> NDArray[np.float32]:
    """Return parameters whose kernels are divided, layer by layer, by the standard deviation of
    what they make of inputs (stack, input, example), over units and examples: LSUV (Mishkin & Matas
    2016), which needs one division where biases are left out."""
    scaled, x = flat.astype("float64"), tf.cast(x, tf.float64)
    share = tf.fill((x.shape[2],), tf.constant(1 / x.shape[2], tf.float64))
    for layer, span in enumerate(network.spans):
        seen = forward(network, tf.constant(scaled), x, share)
        rows = scaled[:, span].reshape(len(flat), network.kernel_shapes[layer][0], -1)
        products = [*seen.z, seen.logits][layer].numpy() - rows[:, :, -1:]
        spread = products.std(axis=(1, 2))
        rows[:, :, :-1] /= np.where(spread > 0, spread, 1)[:, None, None]
        scaled[:, span] = rows.reshape(len(flat), -1)
    return scaled.astype("float32")


def _layers_drawn_alike(network: Network, spec: Initializer) -> list[tuple[KerasObject, list[int]]]:
    """Return the layers of equal shape and initializer, which are neighbours, with the latter."""
    hidden = KerasObject(class_name=spec.class_name, config=spec.config)
    last = len(network.kernel_shapes) - 1
    kinds = [
        (spec.output or hidden if layer == last else hidden, shape)
        for layer, shape in enumerate(network.kernel_shapes)
    ]
    return [
        (kind[0], list(layers)) for kind, layers in groupby(range(last + 1), key=kinds.__getitem__)
    ]
