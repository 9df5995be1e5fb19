"""A wide network at epoch 0, layer by layer, at every pair of a set of inputs, for kernels whose
entries have any mean.

Two modes are followed: the mean over the units of a layer and the fluctuation about it. With kernel
entries of mean mu and variance s^2 and N units below, a pre-activation is normal over units with

    mean N mu E[h],    covariance of two inputs N s^2 E[h h'];

with N units above, the mean square of delta is E[phi'^2] times (N mu)^2 E[delta]^2 + N s^2
E[delta^2]. With mu = 0 this is the mean-field theory of Poole et al. 2016 and Schoenholz et al.
2017, the limit of infinite width. With mu != 0 the mean grows with N and units that share it
fluctuate together, which two modes do not describe: an approximation.

Pairs are needed because the gradient of a mean loss adds up examples: the mean square of g is the
mean over two inputs of E[delta delta'] E[h h'], a backward times a forward kernel (one layer's part
of the tangent kernel, Jacot et al. 2018).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from vgstudy.theory.activations import Activation, Array
from vgstudy.theory.gaussian import dual, hermite
from vgstudy.theory.kernels import Moments

Kernel = Callable[[int, int], Moments]  # of fan_in and fan_out


@dataclass(frozen=True)
class Layer:
    """A hidden layer: over its units, the means of h and of the slope (input,), and those of their
    products (input, input)."""

    h_mean: Array
    h: Array
    slope_mean: Array
    slope: Array


def forward(
    x: Array, activation: Activation, kernel: Kernel, width: int, depth: int
) -> list[Layer]:
    """Return the hidden layers of a network with zero biases at inputs x (input, feature), layer 1
    first."""
    layers: list[Layer] = []
    fan_in, h_mean, h = x.shape[1], x.mean(axis=1), x @ x.T / x.shape[1]
    for _ in range(depth):
        layers.append(_layer(activation, *_argument(kernel(fan_in, width), fan_in, h_mean, h)))
        fan_in, h_mean, h = width, layers[-1].h_mean, layers[-1].h
    return layers


def backward(layers: Sequence[Layer], kernel: Kernel, width: int) -> list[Array]:
    """Return the factors by which the product of two inputs' errors gives E[delta delta'],
    (input, input) for each hidden layer.

    An error is the derivative of the loss with respect to the one output. The square of a mean over
    N units contains each unit's own square 1/N times; with mu != 0 that term is as large as the
    fluctuation's.
    """
    signals: list[Array] = []
    mean = signal = np.ones_like(layers[0].h)
    units, two_modes = 1, any(kernel(width, units).mean for units in (1, width))
    for layer in reversed(layers):
        entry = kernel(width, units)
        signal = units * entry.variance * signal
        if two_modes:
            common = (entry.mean * units) ** 2 * mean
            signal += common
        signal *= layer.slope
        if two_modes:
            slopes = np.outer(layer.slope_mean, layer.slope_mean)
            mean = slopes * common * (1 - 1 / width) + signal / width
        units = width
        signals.insert(0, signal)
    return signals


def output(last: Layer, kernel: Kernel, width: int, normal: Array) -> Array:
    """Return draws of the output at every input from its normal limit (Neal 1996), from standard
    normal draws, both (input, draw)."""
    mean, covariance = _argument(kernel(width, 1), width, last.h_mean, last.h)
    if not np.isfinite(covariance).all():
        return np.full_like(normal, np.nan)
    # equal inputs make the covariance singular
    jitter = 1e-9 * np.trace(covariance) / len(mean) + np.finfo(float).tiny
    root: Array = np.linalg.cholesky(covariance + jitter * np.eye(len(mean)))
    return mean[:, None] + root @ normal


def profiles(
    x: Array, y: Array, layers: Sequence[Layer], kernel: Kernel, width: int, normal: Array
) -> dict[str, Array]:
    """Return the root mean squares of h, delta and g over the hidden layers, (draw, layer); NaN
    where numbers overflow.

    Parameters
    ----------
    x, y
        Inputs (input, feature) and targets 0 or 1 (input,) of the probe set; the loss is the binary
        cross-entropy of one logistic output.
    layers, kernel, width
        The network.
    normal
        Standard normal draws (input, draw), a column for each network drawn.
    """
    error = expit(output(layers[-1], kernel, width, normal)) - y[:, None]
    signals = backward(layers, kernel, width)
    below = [x @ x.T / x.shape[1], *(layer.h for layer in layers[:-1])]
    product = np.empty_like(below[0])
    squares = {
        "h": [np.full(error.shape[1], np.trace(layer.h) / len(x)) for layer in layers],
        "delta": [np.diag(signal) @ error**2 / len(x) for signal in signals],
        "g": [
            (error * (np.multiply(signal, h, out=product) @ error)).sum(axis=0) / len(x) ** 2
            for signal, h in zip(signals, below, strict=True)
        ],
    }
    return {name: np.sqrt(np.maximum(np.transpose(rows), 0)) for name, rows in squares.items()}


def _argument(entry: Moments, fan_in: int, h_mean: Array, h: Array) -> tuple[Array, Array]:
    """Return mean (input,) and covariance (input, input) over units of the pre-activations above
    activations h."""
    return fan_in * entry.mean * h_mean, fan_in * entry.variance * h


def _layer(activation: Activation, mean: Array, covariance: Array) -> Layer:
    variance = np.diag(covariance)
    scale = np.outer(np.sqrt(variance), np.sqrt(variance))
    correlation = np.clip(
        np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0), -1, 1
    )
    h, slope = (
        hermite(f, mean, variance, activation.kinks) for f in (activation.value, activation.slope)
    )
    return Layer(h[0], dual(h, correlation), slope[0], dual(slope, correlation))
