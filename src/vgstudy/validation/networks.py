"""Published numbers that the engine must reproduce on networks that it draws, before any update."""

from collections.abc import Iterator
from math import sqrt

import numpy as np
from scipy.stats import ortho_group

from vgstudy.analysis.decay import decay_factor
from vgstudy.cells import KerasObject
from vgstudy.engine import probes
from vgstudy.validation.check import Check, Number
from vgstudy.validation.engine import decay_logs, drawn, flat_rows, net, passed, rms, without_bias
from vgstudy.validation.laws import DEAD, DEATH

HE = "He et al. 2015"
SAXE = "Saxe et al. 2013"
SCHOENHOLZ = "Schoenholz et al. 2017"
HOMOGENEITY = "identity: f is linear in each kernel"
GLOROT = KerasObject(class_name="GlorotUniform")
HE_UNIFORM, HE_NORMAL = KerasObject(class_name="HeUniform"), KerasObject(class_name="HeNormal")
# over N: twice the log of the exact typical factor of a ReLU layer at one input, which tends to 5 /
# (4N)
DEVIATION = 2.5


def checks() -> Iterator[Check]:
    """Decay of He, Saxe and Schoenholz, homogeneity, and shares of dead nets."""
    yield from relu_with_glorot(256)
    yield orthogonal_linear()
    for activation in ("relu", "leaky_relu", "linear"):
        yield homogeneity(activation)
    for width in (25, 256):
        yield from sigmoid_with_glorot(width)
    for width in DEAD:
        yield from death(width)


def relu_with_glorot(width: int) -> Iterator[Check]:
    """Glorot kernels halve the variance of a ReLU layer's signal."""
    logs = decay_logs(16, width, "relu", GLOROT)
    setup = f"ReLU, Glorot uniform, 6 layers of {width}, 16 seeds"
    yield Number(HE, "d_delta", setup, sqrt(0.5)).around(logs["d_delta"], DEVIATION / width)
    yield Number(HE, "d_h", setup, sqrt(2)).around(logs["d_h"], DEVIATION / width)


def orthogonal_linear(depth: int = 12, width: int = 8, count: int = 4) -> Check:
    """Orthogonal kernels keep the norm of the signal in linear nets."""
    stack, rng = net(2, depth, width, 1, "linear"), np.random.default_rng(3)
    square = [ortho_group.rvs(width, count, rng) for _ in range(depth - 1)]
    kernels = [
        rng.standard_normal((count, width, 2)),
        *square,
        rng.standard_normal((count, 1, width)),
    ]
    flat = flat_rows(stack, [without_bias(kernel) for kernel in kernels])
    state = passed(stack, flat, rng.standard_normal((count, 2, 9)), np.ones((count, 1, 9)))
    layers = np.broadcast_to(np.arange(depth) > 0, (count, depth))
    found = np.concatenate(
        [decay_factor(rms(each), layers) for each in (state.delta[:-1], state.h)]
    )
    farthest = float(found[np.argmax(np.abs(found - 1))])
    setup = f"linear, orthogonal kernels, {depth} layers of {width}, {count} nets"
    return Number(SAXE, "d_delta and d_h", setup, 1.0).within(
        farthest, 1e-10, "the one of all that is farthest from 1"
    )


def homogeneity(activation: str) -> Check:
    """The sum of kernel times gradient is the same for every layer of a net whose activation is
    homogeneous."""
    stack, rng, count = net(2, 5, 6, 1, activation), np.random.default_rng(2), 4
    flat = drawn(stack, HE_UNIFORM, count)
    state = passed(
        stack, flat, rng.standard_normal((count, 2, 20)), rng.integers(0, 2, (count, 1, 20))
    )
    kernels = probes.kernels(stack, flat)
    products = np.array(
        [(w * g.reshape(count, -1)).sum(axis=1) for w, g in zip(kernels, state.g, strict=True)]
    )
    largest = float(np.abs(products / products[0] - 1).max())
    setup = f"{activation}, He uniform, 5 layers of 6, {count} nets"
    quantity = "largest relative difference of <W_l, dLoss/dW_l> between layers"
    return Number(HOMOGENEITY, quantity, setup, 0.0).within(largest, 1e-10)


def sigmoid_with_glorot(width: int) -> Iterator[Check]:
    """Sigmoid nets with Glorot kernels lose a factor of four per layer."""
    logs = decay_logs(24, width, "sigmoid", GLOROT)
    setup = f"sigmoid, Glorot uniform, 6 layers of {width}, 24 seeds"
    for quantity in ("d_delta", "d_g"):
        yield Number(SCHOENHOLZ, quantity, setup, sqrt(0.0557)).around(
            logs[quantity], DEVIATION / width, "limit: root of chi"
        )


def death(width: int, count: int = 1000) -> Iterator[Check]:
    """The share of nets whose signal in the first hidden layer is exactly zero, with two symmetric
    kernels."""
    stack = net(2, 10, width, 1, "relu")
    for spec in (HE_UNIFORM, HE_NORMAL):
        state = passed(
            stack, drawn(stack, spec, count), np.full((count, 2, 1), 0.5), np.ones((count, 1, 1))
        )
        dead = int((state.delta[0] == 0).all(axis=(1, 2)).sum())
        setup = f"ReLU, {spec.class_name}, 10 layers of {width}, {count} nets"
        yield Number(DEATH, "P(dead) at one input", setup, DEAD[width]).share(dead, count)
