"""Networks with a remedy: their forward pass, and what becomes of their gradient.

Axes as in `network`. Every remedy works on each run of a stack alone. Plain networks do not come
here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from vgstudy.engine.network import Network, with_one
from vgstudy.remedies import Normalization

# Keras' defaults of BatchNormalization and LayerNormalization.
EPSILON, MOMENTUM = 1e-3, 0.99
# Keeps D7's standard deviations away from 0.
SIGNAL_EPSILON = 1e-6
Moments = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Forward:
    """What a forward pass computes, for each hidden layer; (stack, unit, example).

    Attributes
    ----------
    z, normalized
        Pre-activations, and what the activation is applied to.
    h
        Activations.
    logits
        Pre-activations of the output layer.
    moments
        Mean and variance of each unit over the mini-batch (stack, layer, unit), both, if batch
        normalisation computed them.
    """

    z: list[tf.Tensor]
    normalized: list[tf.Tensor]
    h: list[tf.Tensor]
    logits: tf.Tensor
    moments: Moments | None


def forward(
    network: Network,
    flat: tf.Tensor,
    x: tf.Tensor,
    weights: tf.Tensor,
    averages: tf.Tensor | None = None,
) -> Forward:
    """Run the forward pass of a stack.

    Parameters
    ----------
    network
        The network, its remedy included.
    flat
        Parameters (stack, parameter).
    x
        Inputs (stack, input, example).
    weights
        Share of each example in means over the mini-batch (example,); 0 for padding.
    averages
        Moving averages of means and variances (stack, 2, layer, unit) to normalise by; by default
        the mini-batch's own.
    """
    remedy, layers = network.remedy, network.layers(flat)
    connections = remedy.skip.connections(network.depth) if remedy.skip else {}
    branch = remedy.skip.scale(network.depth) if remedy.skip else 1.0
    scales = network.scales(flat)
    z: list[tf.Tensor] = []
    normalized: list[tf.Tensor] = []
    h: list[tf.Tensor] = []
    passed: list[tf.Tensor] = []
    moments: list[Moments | None] = []
    below = x
    for number, layer in enumerate(layers[:-1][: network.used], start=1):

        def normalize(values: tf.Tensor, i: int = number - 1) -> tf.Tensor:
            if remedy.normalization is None:
                return values
            fixed = None if averages is None else (averages[:, 0, i], averages[:, 1, i])
            result, used = _normalized(remedy.normalization, values, weights, scales[i], fixed)
            moments.append(used)
            return result

        after = remedy.normalization is not None and remedy.normalization.after
        z.append(tf.matmul(layer, with_one(below)))
        normalized.append(z[-1] if after else normalize(z[-1]))
        h.append(network.activation(normalized[-1]))
        below = normalize(h[-1]) if after else h[-1]
        if number in connections:
            below = passed[connections[number] - 1] + branch * below
        passed.append(below)
        if remedy.standardize_signal:
            below = _standardize_signal(weights)(below)
    logits = tf.matmul(layers[-1], with_one(below))
    return Forward(z, normalized, h, logits, _stacked(moments))


def _stacked(moments: Sequence[Moments | None]) -> Moments | None:
    """Return means and variances of all layers (stack, layer, unit), if they are of units."""
    known = [each for each in moments if each is not None]
    if not known:
        return None
    mean, variance = (tf.stack(each, axis=1) for each in zip(*known, strict=True))
    return mean, variance


def _normalized(
    how: Normalization,
    values: tf.Tensor,
    weights: tf.Tensor,
    scale: tf.Tensor | None,
    fixed: Moments | None,
) -> tuple[tf.Tensor, Moments | None]:
    """Return normalised values, and mean and variance of each unit (stack, unit) for batch
    normalisation."""
    if how.kind == "batch":
        return _by_unit(values, weights, scale, fixed)
    if how.kind == "layer":
        mean = tf.reduce_mean(values, axis=1, keepdims=True)
        variance = tf.reduce_mean(tf.square(values - mean), axis=1, keepdims=True)
        return _affine(values, mean, variance, scale), None
    share = weights / values.shape[1]
    mean = tf.reduce_sum(values * share, axis=(1, 2), keepdims=True)
    variance = tf.reduce_sum(tf.square(values - mean) * share, axis=(1, 2), keepdims=True)
    return (values - mean) / root(variance + SIGNAL_EPSILON**2), None


def _by_unit(
    values: tf.Tensor, weights: tf.Tensor, scale: tf.Tensor, fixed: Moments | None
) -> tuple[tf.Tensor, Moments]:
    if fixed is None:
        mean = tf.reduce_sum(values * weights, axis=2)
        variance = tf.reduce_sum(tf.square(values - mean[:, :, None]) * weights, axis=2)
    else:
        mean, variance = fixed
    return _affine(values, mean[:, :, None], variance[:, :, None], scale), (mean, variance)


def _affine(values: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Return values with this mean and variance standardised, times gamma plus beta (stack, unit,
    2)."""
    gamma, beta = scale[:, :, :1], scale[:, :, 1:]
    return (values - mean) * (gamma / root(variance + EPSILON)) + beta


def root(squared: tf.Tensor) -> tf.Tensor:
    """Return a square root by float64: one entry of a run is not always in the same lane of a
    vector register, and in float32 the lanes' square roots differ from that of a single number."""
    return tf.cast(tf.sqrt(tf.cast(squared, tf.float64)), squared.dtype)


def _standardize_signal(weights: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the identity, whose gradient is standardised over units and examples (tutorial D,
    D7)."""
    counted = tf.cast(weights > 0, weights.dtype)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def identity(h: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        share = counted / (tf.reduce_sum(counted) * h.shape[1])

        def standardized(signal: tf.Tensor) -> tf.Tensor:
            mean = tf.reduce_sum(signal * share, axis=(1, 2), keepdims=True)
            variance = tf.reduce_sum(tf.square(signal - mean) * share, axis=(1, 2), keepdims=True)
            return (signal - mean) / (root(variance) + SIGNAL_EPSILON) * counted

        return tf.identity(h), standardized

    return identity  # type: ignore[no-any-return]


def moved(averages: tf.Tensor, moments: Moments) -> tf.Tensor:
    """Return moving averages (stack, 2, layer, unit) after one more mini-batch, as Keras' batch
    normalisation updates them."""
    return MOMENTUM * averages + (1 - MOMENTUM) * tf.stack(moments, axis=1)


def adjusted(
    network: Network,
    gradient: tf.Tensor,
    multipliers: tf.Tensor | None = None,
    direction: tf.Tensor | None = None,
) -> tf.Tensor:
    """Return the gradient that the optimizer gets, (stack, parameter).

    Parameters
    ----------
    network
        The network, its remedy included.
    gradient
        The loss's gradient (stack, parameter).
    multipliers
        Of each layer's gradient (stack, layer), for `fixed` and `given` rescaling.
    direction
        Random numbers (stack, parameter) that `randomized` layers get instead.
    """
    remedy = network.remedy
    gradient = _rescaled(network, gradient, multipliers)
    if direction is not None:
        factor = _ratio(layer_rms(network, gradient), layer_rms(network, direction))
        upper = _from_layer(network, remedy.randomized, gradient.dtype)
        random = direction * network.by_parameter(factor)
        gradient = upper * gradient + (1 - upper) * random
    if remedy.frozen:
        gradient = gradient * _from_layer(network, remedy.frozen, gradient.dtype)
    if remedy.global_clipnorm is not None:
        norm = _norm(gradient)
        gradient = gradient * (remedy.global_clipnorm / tf.maximum(norm, remedy.global_clipnorm))
    return gradient


def _from_layer(network: Network, first: int, dtype: tf.DType) -> tf.Tensor:
    """Return 1 for the parameters of the layers after the first ones, 0 for theirs (1,
    parameter)."""
    free = [float(layer >= first) for layer in range(network.depth + 1)]
    return network.by_parameter(tf.constant([free], dtype))


def _rescaled(network: Network, gradient: tf.Tensor, multipliers: tf.Tensor | None) -> tf.Tensor:
    kind = network.remedy.rescaling.kind if network.remedy.rescaling else "none"
    if kind == "none":
        return gradient
    if multipliers is None:
        multipliers = equalizing(layer_rms(network, gradient))
    equal = gradient * network.by_parameter(multipliers)
    if kind == "profile":
        return equal * _ratio(_norm(gradient), _norm(equal))
    if kind == "size":
        return gradient * _ratio(_norm(equal), _norm(gradient))
    return equal


def layer_rms(network: Network, gradient: tf.Tensor) -> tf.Tensor:
    """Return the root mean square of the entries of each kernel's gradient (stack, layer)."""
    kernels = [layer[:, :, :-1] for layer in network.layers(gradient)]
    return root(tf.stack([tf.reduce_mean(g * g, axis=(1, 2)) for g in kernels], axis=1))


def equalizing(rms: tf.Tensor) -> tf.Tensor:
    """Return what each layer's gradient must be multiplied by to have the RMS of the output
    layer's, (stack, layer); 0 where a gradient is 0."""
    return _ratio(rms[:, -1:], rms)


def _norm(gradient: tf.Tensor) -> tf.Tensor:
    """Return the Euclidean norm over all parameters of a run (stack, 1)."""
    return root(tf.reduce_sum(gradient * gradient, axis=1, keepdims=True))


def _ratio(numerator: tf.Tensor, denominator: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(numerator, denominator)
