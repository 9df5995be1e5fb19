"""Intervals for means of one sample and of two, for one further seed, and for a whole profile.

In addition to log-normal data, the truths are small networks at epoch 0, computed in numpy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from vgstudy.analysis.bands import band, critical
from vgstudy.analysis.decay import decay_factor
from vgstudy.analysis.intervals import (
    chi_squared,
    mean_t,
    moments,
    next_seed,
    welch_difference,
)
from vgstudy.theory.activations import ACTIVATIONS, Activation
from vgstudy.validation.trials import (
    PRIMARY,
    SEEDS,
    WITHDRAWN,
    Trial,
    band_trial,
    interval_trial,
)

Array = NDArray[np.float64]

POINTS = 48  # inputs of a network
BLOCK = 2_000  # networks computed at a time
POPULATION = 20_000
NORMAL, SPREAD = "log-normal, spread .3", 0.3


@dataclass(frozen=True)
class Network:
    """Two noisy circles, hidden layers of one width, uniform kernels, zero biases, one logistic
    output.

    Attributes
    ----------
    activation
        The name in ACTIVATIONS, with Keras' default arguments.
    he
        Whether kernels are He uniform, else Glorot uniform.
    """

    activation: str
    he: bool
    width: int
    depth: int

    @property
    def phi(self) -> Activation:
        """The activation of the hidden layers."""
        relu = {"negative_slope": 0.0, "max_value": None, "threshold": 0.0}
        return ACTIVATIONS[self.activation](**(relu if self.activation == "relu" else {}))


RELU, TANH = "nets: ReLU, He, 5 wide, 10 deep, alive only", "nets: tanh, Xavier, 5 wide, 10 deep"
NETWORKS: Mapping[str, Network] = {
    "nets: ReLU, He, 5 wide, 5 deep": Network("relu", True, 5, 5),
    RELU: Network("relu", True, 5, 10),
    TANH: Network("tanh", False, 5, 10),
}


@dataclass(frozen=True)
class Truth:
    """A population to draw from with replacement; NaN marks a dead network.

    Attributes
    ----------
    values
        Values, axis (member,), or profiles, axes (member, layer).
    """

    values: Array

    @property
    def mean(self) -> Array:
        """The mean over the members that are alive; axes () or (layer,)."""
        return np.asarray(np.nanmean(self.values, axis=0))

    @property
    def alive(self) -> Array:
        """The values that are not NaN, axis (member,)."""
        return self.values[~np.isnan(self.values)]

    def sample(self, repetitions: int, n: int, rng: np.random.Generator) -> Array:
        """Draw samples, axes (repetition, seed) or (repetition, seed, layer)."""
        return np.asarray(self.values[rng.integers(0, len(self.values), (repetitions, n))])


def truths(rng: np.random.Generator) -> tuple[dict[str, Truth], dict[str, Truth]]:
    """Return the logs of the decay factor of g and of its profile, by the name of the
    population."""
    populations = {name: population(net, POPULATION, rng) for name, net in NETWORKS.items()}
    values = {NORMAL: Truth(rng.normal(-0.1, SPREAD, 100_000))}
    values |= {name: Truth(logs) for name, (logs, _) in populations.items()}
    return values, {name: Truth(profile) for name, (_, profile) in populations.items()}


def one_sample(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try intervals for the mean log decay factor, for a further seed's, and bands for profiles."""
    values, profiles = truths(rng)
    for name, truth in values.items():
        for n in SEEDS:
            yield from _trials_of_a_mean(name, truth, n, repetitions, rng)
    for name, truth in profiles.items():
        for n in SEEDS:
            sample = np.swapaxes(truth.sample(repetitions, n, rng), 1, 2)
            simultaneous = band(moments(sample), critical(sample)[..., None])
            pointwise = mean_t(moments(sample))
            yield band_trial("max-|t| band over layers", PRIMARY, name, n, simultaneous, truth.mean)
            yield band_trial("t at every layer", WITHDRAWN, name, n, pointwise, truth.mean)


def _trials_of_a_mean(
    name: str, truth: Truth, n: int, repetitions: int, rng: np.random.Generator
) -> Iterator[Trial]:
    sample = truth.sample(repetitions, n, rng)
    group = moments(sample)
    further = rng.permutation(truth.alive)[:repetitions]
    variance = np.nanvar(truth.values)
    # no study should use this one: ratios of this spread are far from normal
    of_ratios = mean_t(moments(np.exp(sample)))
    yield interval_trial("t on log", PRIMARY, name, n, mean_t(group), truth.mean)
    yield interval_trial("prediction of one seed", PRIMARY, name, n, next_seed(group), further)
    yield interval_trial("chi-squared on log", PRIMARY, name, n, chi_squared(group), variance)
    mean_ratio = Truth(np.exp(truth.values)).mean
    yield interval_trial("t on ratios", WITHDRAWN, name, n, of_ratios, mean_ratio)


def outcomes(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the mean accuracy of runs of which some learn and some do not: two modes."""
    for learned in (0.5, 0.9):
        for n in SEEDS:
            modes = np.where(rng.random((repetitions, n)) < learned, 0.83, 0.5)
            accuracy = modes + rng.normal(0, 0.02, (repetitions, n))
            name, value = f"accuracy of two modes, {learned:.0%} learn", 0.5 + 0.33 * learned
            yield interval_trial("t", PRIMARY, name, n, mean_t(moments(accuracy)), value)


def two_samples(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try ratios of geometric means of independent groups."""
    values, _ = truths(rng)
    wide = Truth(rng.normal(0.2, 3 * SPREAD, 100_000))
    pairs = {
        "log-normal, spreads .3 and .9": (values[NORMAL], wide),
        "nets: ReLU, He against tanh, Xavier, 10 deep": (values[RELU], values[TANH]),
    }
    for name, (one, other) in pairs.items():
        for n in SEEDS:
            group, reference = (
                moments(truth.sample(repetitions, n, rng)) for truth in (one, other)
            )
            interval = welch_difference(group, reference)
            value = one.mean - other.mean
            yield interval_trial("Welch on log, ratio", PRIMARY, name, n, interval, value)


def population(net: Network, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw networks, each with kernels and inputs of its own.

    Returns
    -------
    tuple
        Natural logs of the decay factor of g, axis (network,), and of the RMS of g in the hidden
        layers, axes (network, layer); NaN for networks with a layer whose whole gradient is zero.
    """
    blocks = [_gradient_rms(net, min(BLOCK, count - at), rng) for at in range(0, count, BLOCK)]
    g = np.concatenate(blocks)
    alive = np.all(g > 0, axis=1)
    square = np.broadcast_to(np.arange(net.depth) > 0, g.shape)
    with np.errstate(divide="ignore"):
        profile = np.where(alive[:, None], np.log(g), np.nan)
    return np.where(alive, np.log(decay_factor(g, square)), np.nan), profile


def _gradient_rms(net: Network, count: int, rng: np.random.Generator) -> Array:
    """Return the RMS over entries of the gradient of each hidden kernel, axes (network, layer)."""
    angle, outer = rng.uniform(0, 2 * np.pi, (count, POINTS)), np.arange(POINTS) % 2
    radius = np.where(outer, 1.0, 0.8)
    circles = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    x = circles + rng.normal(0, 0.1, (count, 2, POINTS))
    kernels, fan_in = [], 2
    for units in [*[net.width] * net.depth, 1]:
        fans = fan_in if net.he and units > 1 else fan_in + units
        limit = sqrt(6 / fans)
        kernels.append(rng.uniform(-limit, limit, (count, units, fan_in)))
        fan_in = units
    squares = [np.mean(g**2, axis=(1, 2)) for g in gradients(kernels, x, outer, net.phi)]
    return np.asarray(np.sqrt(np.stack(squares, axis=1)))


def gradients(
    kernels: list[Array], x: Array, target: NDArray[np.int64], phi: Activation
) -> list[Array]:
    """Return the gradients of the mean cross-entropy with respect to the hidden kernels.

    Parameters
    ----------
    kernels
        Of the hidden layers, then of the output, axes (network, out, in).
    x, target
        Inputs, axes (network, feature, point), and 0 or 1, axis (point,).
    phi
        The activation of the hidden layers.
    """
    inputs, slopes, h = [], [], x
    for kernel in kernels[:-1]:
        inputs.append(h)
        z = kernel @ h
        slopes.append(phi.slope(z))
        h = phi.value(z)
    # of the output, axes (network, 1, point)
    delta = expit(kernels[-1] @ h) - target
    by_layer: list[Array] = []
    for layer in reversed(range(len(slopes))):
        delta = (kernels[layer + 1].transpose(0, 2, 1) @ delta) * slopes[layer]
        by_layer.insert(0, delta @ inputs[layer].transpose(0, 2, 1) / len(target))
    return by_layer
