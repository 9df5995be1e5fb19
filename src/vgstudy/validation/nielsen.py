"""Nielsen 2015, Neural Networks and Deep Learning, chapter 5: gradients of sigmoid nets on MNIST
before training."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vgstudy.engine import losses
from vgstudy.tasks import Mnist
from vgstudy.validation.check import Check, Number
from vgstudy.validation.engine import flat_rows, net, passed

Array = NDArray[np.float64]

SOURCE = "Nielsen 2015, chapter 5"
# fig/norms_during_training_*_layers.json of his repository, first row, by hidden layers
PUBLISHED = {
    2: (0.0657, 0.3092),
    3: (0.0118, 0.0600, 0.2831),
    4: (0.0030, 0.0171, 0.0695, 0.2851),
}
IMAGES, UNITS, NETS = 1000, 30, 60
COST = "cross-entropy: `network2.Network`, which his program uses, has it as default, whatever the chapter says"
NEEDS = "not run: needs MNIST; set mnist in config.yaml or the environment variable VGSTUDY_MNIST to an mnist.npz"


def checks() -> Iterator[Check]:
    """Norm of the mean bias gradient of each hidden layer, w ~ N(0, 1/fan_in), b ~ N(0, 1); not run
    without MNIST."""
    data = images()
    for hidden, norms in PUBLISHED.items():
        found = None if data is None else bias_gradients(*data, hidden)
        for layer, published in enumerate(norms):
            setup = f"[784, {', '.join(['30'] * hidden)}, 10], sigmoid, first {IMAGES} training images of MNIST"
            number = Number(
                SOURCE,
                f"norm of the mean bias gradient, hidden layer {layer + 1}",
                setup,
                published,
            )
            if found is None:
                yield number.not_run(f"inside the middle 90 % of {NETS} nets", NEEDS)
            else:
                yield number.among(found[:, layer], COST)


def images() -> tuple[Array, Array] | None:
    """The first training images (1, pixel, example), scaled as in the book's data, and one-hot
    targets; None without MNIST."""
    if Mnist.file.must_be_downloaded:
        return None
    found = Mnist.file.load()
    return found["x_train"][:IMAGES].reshape(IMAGES, -1).T[None] / 256, np.eye(10)[
        found["y_train"][:IMAGES]
    ].T[None]


def bias_gradients(
    x: Array, y: Array, hidden: int, loss: losses.Loss = losses.BINARY, count: int = NETS
) -> Array:
    """Norms of the mean bias gradient of random nets; axes (net, hidden layer)."""
    stack, rng = (
        net(x.shape[1], hidden, UNITS, y.shape[1], "sigmoid"),
        np.random.default_rng(hidden),
    )
    found = []
    for _ in range(count):
        scales = [np.append(np.full(into, into**-0.5), 1.0) for _, into in stack.kernel_shapes]
        layers = [
            rng.standard_normal((1, out, len(s))) * s
            for (out, _), s in zip(stack.kernel_shapes, scales, strict=True)
        ]
        delta = passed(stack, flat_rows(stack, layers), x, y, loss).delta
        found.append([np.linalg.norm(each.mean(axis=2)) for each in delta[:-1]])
    return np.array(found)
