"""Published numbers that the engine must reproduce, in float64, on networks before any update."""

from collections.abc import Iterator, Sequence
from math import sqrt

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.stats import ortho_group

from vgstudy.analysis.decay import decay_factor
from vgstudy.cells import Cell, Initializer, KerasObject, Run
from vgstudy.engine import initial, probes
from vgstudy.engine.network import BINARY, Loss, Network, activation_function
from vgstudy.engine.train import Stack
from vgstudy.engine.zero_causes import Pass
from vgstudy.quantities import SIGNALS
from vgstudy.tasks.circles import Circles
from vgstudy.tasks.images import Mnist
from vgstudy.tasks.task import one_hot
from vgstudy.validation.published_laws import DEAD, DEATH, Check, Number

Array = NDArray[np.float64]

SEED = 5
HE, SAXE, SCHOENHOLZ = "He et al. 2015", "Saxe et al. 2013", "Schoenholz et al. 2017"
HOMOGENEITY = "identity: f is linear in each kernel"
NIELSEN = "Nielsen 2015, chapter 5"
GLOROT = KerasObject(class_name="GlorotUniform")
HE_UNIFORM, HE_NORMAL = KerasObject(class_name="HeUniform"), KerasObject(class_name="HeNormal")
# over N: twice the log of the exact typical factor of a ReLU layer at one input, which tends to
# 5 / (4N)
DEVIATION = 2.5
# fig/norms_during_training_*_layers.json of Nielsen's repository, first row, by hidden layers
BIAS_GRADIENTS = {
    2: (0.0657, 0.3092),
    3: (0.0118, 0.0600, 0.2831),
    4: (0.0030, 0.0171, 0.0695, 0.2851),
}
IMAGES, UNITS, NETWORKS = 1000, 30, 60
COST = (
    "cross-entropy: `network2.Network`, which his program uses, has it as default, whatever the "
    "chapter says"
)


def network_checks() -> Iterator[Check]:
    """Check decay of He, Saxe and Schoenholz, homogeneity, shares of dead networks, and Nielsen's
    gradients on MNIST.

    Raises
    ------
    UserError
        If MNIST is missing or damaged.
    """
    yield from relu_with_glorot(256)
    yield orthogonal_linear()
    for activation in ("relu", "leaky_relu", "linear"):
        yield homogeneity(activation)
    for width in (25, 256):
        yield from sigmoid_with_glorot(width)
    for width in DEAD:
        yield from death(width)
    yield from gradients_on_mnist()


def relu_with_glorot(width: int) -> Iterator[Check]:
    """Check that Glorot kernels halve the variance of a ReLU layer's signal."""
    logs = decay_logs(16, width, "relu", GLOROT)
    setup = f"ReLU, Glorot uniform, 6 layers of {width}, 16 seeds"
    yield Number(HE, "d_delta", setup, sqrt(0.5)).mean_of(logs["d_delta"], DEVIATION / width)
    yield Number(HE, "d_h", setup, sqrt(2)).mean_of(logs["d_h"], DEVIATION / width)


def orthogonal_linear(depth: int = 12, width: int = 8, count: int = 4) -> Check:
    """Check that orthogonal kernels keep the norm of the signal in linear networks."""
    net, rng = network(2, depth, width, 1, "linear"), np.random.default_rng(3)
    square = [ortho_group.rvs(width, count, rng) for _ in range(depth - 1)]
    first, last = (rng.standard_normal((count, *shape)) for shape in ((width, 2), (1, width)))
    flat = flat_rows(net, [without_bias(kernel) for kernel in (first, *square, last)])
    state = pass_through(net, flat, rng.standard_normal((count, 2, 9)), np.ones((count, 1, 9)))
    layers = np.broadcast_to(np.arange(depth) > 0, (count, depth))
    signals = [rms(signal) for signal in (state.delta[:-1], state.h)]
    factors = np.concatenate([decay_factor(signal, layers) for signal in signals])
    farthest = float(factors[np.argmax(np.abs(factors - 1))])
    setup = f"linear, orthogonal kernels, {depth} layers of {width}, {count} nets"
    number = Number(SAXE, "d_delta and d_h", setup, 1.0)
    return number.within(farthest, 1e-10, "the one of all that is farthest from 1")


def homogeneity(activation: str) -> Check:
    """Check that the sum of kernel times gradient is the same for every layer of a network whose
    activation is homogeneous."""
    net, rng, count = network(2, 5, 6, 1, activation), np.random.default_rng(2), 4
    flat = drawn(net, HE_UNIFORM, count)
    x, y = rng.standard_normal((count, 2, 20)), rng.integers(0, 2, (count, 1, 20))
    gradients = pass_through(net, flat, x, y).g
    pairs = zip(probes.kernels(net, flat), gradients, strict=True)
    products = np.array([(w * g.reshape(count, -1)).sum(axis=1) for w, g in pairs])
    largest = float(np.abs(products / products[0] - 1).max())
    setup = f"{activation}, He uniform, 5 layers of 6, {count} nets"
    quantity = "largest relative difference of <W_l, dLoss/dW_l> between layers"
    return Number(HOMOGENEITY, quantity, setup, 0.0).within(largest, 1e-10)


def sigmoid_with_glorot(width: int) -> Iterator[Check]:
    """Check that sigmoid networks with Glorot kernels lose a factor of four per layer."""
    logs = decay_logs(24, width, "sigmoid", GLOROT)
    setup = f"sigmoid, Glorot uniform, 6 layers of {width}, 24 seeds"
    for quantity in ("d_delta", "d_g"):
        number = Number(SCHOENHOLZ, quantity, setup, sqrt(0.0557))
        yield number.mean_of(logs[quantity], DEVIATION / width, "limit: root of chi")


def death(width: int, count: int = 1000) -> Iterator[Check]:
    """Check the share of networks whose signal in the first hidden layer is exactly zero, with two
    symmetric kernels."""
    net = network(2, 10, width, 1, "relu")
    x, y = np.full((count, 2, 1), 0.5), np.ones((count, 1, 1))
    for spec in (HE_UNIFORM, HE_NORMAL):
        signal = pass_through(net, drawn(net, spec, count), x, y).delta[0]
        dead = int((signal == 0).all(axis=(1, 2)).sum())
        setup = f"ReLU, {spec.class_name}, 10 layers of {width}, {count} nets"
        yield Number(DEATH, "P(dead) at one input", setup, DEAD[width]).share_of(dead, count)


def gradients_on_mnist() -> Iterator[Check]:
    """Check the norm of the mean bias gradient of each hidden layer of sigmoid networks on MNIST,
    w ~ N(0, 1/fan_in), b ~ N(0, 1)."""
    x, y = mnist_images()
    for hidden, norms in BIAS_GRADIENTS.items():
        sizes = ", ".join(["784", *[str(UNITS)] * hidden, "10"])
        setup = f"[{sizes}], sigmoid, first {IMAGES} training images of MNIST"
        measured = bias_gradients(x, y, hidden)
        for layer, published in enumerate(norms):
            quantity = f"norm of the mean bias gradient, hidden layer {layer + 1}"
            number = Number(NIELSEN, quantity, setup, published)
            yield number.one_of(measured[:, layer], COST)


def mnist_images() -> tuple[Array, Array]:
    """Return the first training images (1, pixel, example), scaled as in the book's data, and
    one-hot targets (1, class, example)."""
    arrays = Mnist.file.load()
    pixels = arrays["x_train"][:IMAGES].reshape(IMAGES, -1) / 256
    targets = one_hot(arrays["y_train"][:IMAGES], Mnist.outputs).astype(np.float64)
    return pixels.T[None], targets.T[None]


def bias_gradients(
    x: Array, y: Array, hidden: int, loss: Loss = BINARY, count: int = NETWORKS
) -> Array:
    """Return norms of the mean bias gradient of random networks; axes (network, hidden layer)."""
    net = network(x.shape[1], hidden, UNITS, y.shape[1], "sigmoid")
    rng = np.random.default_rng(hidden)
    norms = []
    for _ in range(count):
        scales = [np.append(np.full(fan_in, fan_in**-0.5), 1.0) for _, fan_in in net.kernel_shapes]
        layers = [
            rng.standard_normal((1, units, len(scale))) * scale
            for (units, _), scale in zip(net.kernel_shapes, scales, strict=True)
        ]
        signals = pass_through(net, flat_rows(net, layers), x, y, loss).delta[:-1]
        norms.append([np.linalg.norm(signal.mean(axis=2)) for signal in signals])
    return np.array(norms)


def network(inputs: int, depth: int, width: int, outputs: int, activation: str) -> Network:
    """Return a stack's layer sizes, with a Keras activation at its defaults."""
    spec = KerasObject(class_name=activation)
    return Network(inputs, depth, width, outputs, activation_function(spec))


def flat_rows(net: Network, layers: Sequence[Array]) -> Array:
    """Return flat rows (stack, parameter) of layers (stack, out, in + 1)."""
    flat = np.zeros((len(layers[0]), net.row_length))
    for span, layer in zip(net.spans, layers, strict=True):
        flat[:, span] = layer.reshape(len(layer), -1)
    return flat


def without_bias(kernel: Array) -> Array:
    """Return a layer (stack, out, in + 1) with a kernel (stack, out, in) and biases of zero."""
    return np.concatenate([kernel, np.zeros_like(kernel[:, :, :1])], axis=2)


def drawn(net: Network, spec: KerasObject, count: int) -> NDArray[np.float32]:
    """Return flat rows of networks whose kernels Keras draws; biases are zero."""
    streams = [np.random.SeedSequence(SEED, spawn_key=(i,)) for i in range(count)]
    return initial.initial_flat(net, [Initializer(**dict(spec))] * count, streams)


def pass_through(
    net: Network,
    flat: NDArray[np.floating],
    x: Array,
    y: NDArray[np.generic],
    loss: Loss = BINARY,
) -> Pass[Array]:
    """Return one pass forward and back, in float64; see `probes.backpropagate`."""
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
    """Return logs of `d_g`, `d_delta` and `d_h` of seeded runs on two circles as studies probe
    them; axis (run,)."""
    cell = Cell(
        task=task or Circles(name="circles", samples=120, train=52),
        depth=depth,
        width=width,
        activation=KerasObject(class_name=activation),
        initializer=Initializer(**dict(initializer)),
        optimizer=KerasObject(class_name="SGD"),
        epochs=1,
        batch_size=16,
    )
    columns = Stack([Run(cell=cell, seed=seed) for seed in range(count)]).probe().columns
    layer = np.broadcast_to(np.arange(depth + 1), (count, depth + 1))
    square = (layer > 0) & (layer < depth)
    return {f"d_{name}": np.log(decay_factor(columns[f"{name}_rms"], square)) for name in SIGNALS}


def rms(arrays: Sequence[Array]) -> Array:
    """Return root mean squares (stack, layer) of an array (stack, row, column) for each layer."""
    return np.sqrt([np.mean(each**2, axis=(1, 2)) for each in arrays]).T
