"""What the engine that trains studies computes for networks at epoch 0, in float64."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.analysis.decay import decay_factor
from vgstudy.cells import Cell, Initializer, KerasObject, Run
from vgstudy.engine import initial, losses, models, probes
from vgstudy.engine.statistics import Pass
from vgstudy.engine.train import Stack
from vgstudy.tasks import Circles

Array = NDArray[np.float64]

SEED = 5


def net(inputs: int, depth: int, width: int, outputs: int, activation: str) -> models.Net:
    """A stack's layer sizes, with a Keras activation at its defaults."""
    return models.Net(
        inputs, depth, width, outputs, models.activation(KerasObject(class_name=activation))
    )


def flat_rows(net: models.Net, layers: Sequence[Array]) -> Array:
    """Flat rows (stack, parameter) of layers (stack, out, in + 1)."""
    flat = np.zeros((len(layers[0]), net.columns))
    for span, layer in zip(net.spans, layers, strict=True):
        flat[:, span] = layer.reshape(len(layer), -1)
    return flat


def without_bias(kernel: Array) -> Array:
    """A layer (stack, out, in + 1) with a kernel (stack, out, in) and biases of zero."""
    return np.concatenate([kernel, np.zeros_like(kernel[:, :, :1])], axis=2)


def drawn(net: models.Net, spec: KerasObject, count: int) -> NDArray[np.float32]:
    """Flat rows of nets whose kernels Keras draws; biases are zero."""
    streams = [np.random.SeedSequence(SEED, spawn_key=(i,)) for i in range(count)]
    return initial.initial_flat(net, [Initializer(**dict(spec))] * count, streams)


def passed(
    net: models.Net,
    flat: NDArray[np.floating],
    x: Array,
    y: NDArray[np.generic],
    loss: losses.Loss = losses.BINARY,
) -> Pass[Array]:
    """One pass forward and back, in float64; see `probes.backpropagate`."""
    tensors = (tf.constant(each, tf.float64) for each in (flat, x, y))
    return probes.arrays(probes.backpropagate(net, loss, *tensors))


def decay_logs(
    count: int,
    width: int,
    activation: str,
    initializer: KerasObject,
    depth: int = 6,
    task: Circles | None = None,
) -> dict[str, Array]:
    """Logs of `d_g`, `d_delta` and `d_h` of seeded runs on two circles as studies probe them; axis
    (run,)."""
    task = task or Circles(name="circles", samples=120, train=52)
    cell = Cell(
        task=task, depth=depth, width=width, activation=KerasObject(class_name=activation),
        initializer=Initializer(**dict(initializer)), optimizer=KerasObject(class_name="SGD"), epochs=1, batch_size=16,
    )  # fmt: skip
    columns = Stack([Run(cell=cell, seed=seed) for seed in range(count)]).probe().columns
    layer = np.broadcast_to(np.arange(depth + 1), (count, depth + 1))
    square = (layer > 0) & (layer < depth)
    return {
        f"d_{name}": np.log(decay_factor(columns[f"{name}_rms"], square))
        for name in ("g", "delta", "h")
    }


def rms(arrays: Sequence[Array]) -> Array:
    """Root mean squares (stack, layer) of an array (stack, row, column) for each layer."""
    return np.sqrt([np.mean(each**2, axis=(1, 2)) for each in arrays]).T
