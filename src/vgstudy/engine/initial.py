"""The kernels that stock Keras initializers draw for a stack, each from a seed of its own."""

from collections.abc import Callable, Sequence
from functools import cache

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import Initializer, KerasObject
from vgstudy.config.keras_names import REGISTRY
from vgstudy.engine.models import Net


class _GivenSeed(keras.random.SeedGenerator):  # type: ignore[misc]
    """Hands out the seed it was given: Keras initializers take an int (32 bits) or a generator, and
    this one carries 62 bits."""

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
        (out, in) of one kernel. Keras draws it as (in, out), the shape from which it takes the
        fans.
    seeds
        (kernel, 2) non-negative int32: the two halves of each kernel's seed.

    Returns
    -------
    Kernels (kernel, out, in), float32. Each depends on its own seed alone.
    """
    return np.swapaxes(_drawing(spec.model_dump_json(), shape)(tf.constant(seeds)).numpy(), 1, 2)


@cache
def _drawing(spec_json: str, shape: tuple[int, int]) -> Callable[[tf.Tensor], tf.Tensor]:
    """The compiled drawing of kernels of one initializer and shape, from seeds (kernel, 2) to
    kernels (kernel, in, out)."""
    spec = KerasObject.model_validate_json(spec_json)
    arguments = REGISTRY["initializer"][spec.class_name].arguments
    defaults = {
        name: value for name, value in arguments.items() if name != "seed"
    }  # Keras' Constant insists on its value
    initializer = keras.initializers.get(
        {"class_name": spec.class_name, "config": defaults | spec.config}
    )
    given = _GivenSeed()
    if "seed" in arguments:
        initializer.seed = given

    def one(pair: tf.Tensor) -> tf.Tensor:
        given.pair = pair
        return initializer(shape[::-1], dtype="float32")

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.int32)], autograph=False)  # type: ignore[untyped-decorator]
    def drawn(seeds: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(one, seeds, fn_output_signature=tf.float32)

    return drawn.get_concrete_function()  # type: ignore[no-any-return]  # which TensorFlow does not warn of for being one of many


def initial_flat(
    net: Net, specs: Sequence[Initializer], streams: Sequence[np.random.SeedSequence]
) -> NDArray[np.float32]:
    """Initial parameters of a stack (stack, parameter): kernels drawn layer by layer, biases zero.

    Parameters
    ----------
    net
        The layer sizes.
    specs, streams
        Initializer and random stream of each run. Layers are drawn independently, or all from the
        first one's seed if tied.
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
        kinds = [
            *zip([hidden] * (layers - 1), net.kernel_shapes, strict=False),
            (spec.output or hidden, net.kernel_shapes[-1]),
        ]
        for kind in [kind for i, kind in enumerate(kinds) if kind not in kinds[:i]]:
            _draw(flat, net, rows, [i for i in range(layers) if kinds[i] == kind], kind[0], seeds)
    return flat


def _draw(
    flat: NDArray[np.float32],
    net: Net,
    rows: NDArray[np.intp],
    layers: list[int],
    spec: KerasObject,
    seeds: NDArray[np.int32],
) -> None:
    """Draw the kernels of some rows and layers, all of one shape, into `flat`."""
    kernels = draw_kernels(
        spec, net.kernel_shapes[layers[0]], seeds[rows][:, layers].reshape(-1, 2)
    )
    biased = np.concatenate([kernels, np.zeros_like(kernels[:, :, :1])], axis=2).reshape(
        len(rows), len(layers), -1
    )
    for i, layer in enumerate(layers):
        flat[rows, net.spans[layer]] = biased[:, i]
