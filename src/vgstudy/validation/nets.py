"""Small nets at epoch 0 in numpy, many at a time: populations to sample from whose mean is
known."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from vgstudy.analysis.decay import decay_factor
from vgstudy.theory.activations import ACTIVATIONS, Activation

Array = NDArray[np.float64]

POINTS = 48  # inputs of a net
_BLOCK = 2_000  # nets at a time


@dataclass(frozen=True)
class Net:
    """Two noisy circles, hidden layers of one width, uniform kernels, zero biases, one logistic
    output.

    Attributes
    ----------
    activation
        As Keras calls it; its arguments are Keras' defaults for ReLU and tanh.
    he
        Whether kernels are He uniform, else Glorot uniform.
    """

    activation: str
    he: bool
    width: int
    depth: int


def population(net: Net, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """So many nets, each with kernels and inputs of its own.

    Returns
    -------
    tuple
        Natural logs of the decay factor of g, axis (net,), and of the RMS of g in the hidden
        layers, axes (net, layer); NaN for nets with a layer whose whole gradient is zero.
    """
    parts = [_gradients(net, min(_BLOCK, count - start), rng) for start in range(0, count, _BLOCK)]
    g = np.concatenate(parts)
    alive = np.all(g > 0, axis=1)
    square = np.broadcast_to(np.arange(net.depth) > 0, g.shape)
    with np.errstate(divide="ignore"):
        logs = np.where(alive[:, None], np.log(g), np.nan)
    return np.where(alive, np.log(decay_factor(g, square)), np.nan), logs


def _gradients(net: Net, count: int, rng: np.random.Generator) -> Array:
    """RMS over entries of the gradient with respect to each hidden kernel, axes (net, layer)."""
    phi = ACTIVATIONS[net.activation](
        **({"negative_slope": 0.0, "max_value": None, "threshold": 0.0} if net.he else {})
    )
    angle, outer = rng.uniform(0, 2 * np.pi, (count, POINTS)), np.arange(POINTS) % 2
    radius = np.where(outer, 1.0, 0.8)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) + rng.normal(
        0, 0.1, (count, 2, POINTS)
    )
    kernels, fan_in = [], 2
    for units in [*[net.width] * net.depth, 1]:
        reach = sqrt(6 / (fan_in if net.he and units > 1 else fan_in + units))
        kernels.append(rng.uniform(-reach, reach, (count, units, fan_in)))
        fan_in = units
    return np.stack(
        [np.sqrt((g**2).mean(axis=(1, 2))) for g in gradients(kernels, x, outer, phi)], axis=1
    )


def gradients(
    kernels: list[Array], x: Array, target: NDArray[np.int64], phi: Activation
) -> list[Array]:
    """Gradients of the mean cross-entropy with respect to the hidden kernels.

    Parameters
    ----------
    kernels
        Of the hidden layers, then of the output, axes (net, out, in).
    x, target
        Inputs, axes (net, feature, point), and 0 or 1, axis (point,).
    phi
        The activation of the hidden layers.
    """
    inputs, slopes, h = [], [], x
    for kernel in kernels[:-1]:
        inputs.append(h)
        z = kernel @ h
        slopes.append(phi.slope(z))
        h = phi.value(z)
    delta = expit(kernels[-1] @ h) - target  # of the output, (net, 1, point)
    found: list[Array] = []
    for layer in reversed(range(len(slopes))):
        delta = (kernels[layer + 1].transpose(0, 2, 1) @ delta) * slopes[layer]
        found.insert(0, delta @ inputs[layer].transpose(0, 2, 1) / len(target))
    return found
