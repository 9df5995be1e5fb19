"""The elementwise activations that Keras offers, as numpy functions with their derivatives.

A derivative is the one that automatic differentiation gives, so a jump contributes nothing to it.
`tests/theory/test_registries.py` holds every entry against Keras.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, ndtr

from vgstudy.cells import KerasObject
from vgstudy.config.keras_names import arguments_of

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

_SELU = 1.0507009873554805, 1.6732632423543772  # scale and alpha of Klambauer et al. 2017


@dataclass(frozen=True)
class Activation:
    """An elementwise activation: its value and its slope at an array of any shape, and where it is
    not analytic."""

    value: Function
    slope: Function
    kinks: tuple[float, ...] = ()


def activation(spec: KerasObject) -> Activation:
    """Return the activation of a level, with its arguments bound."""
    return ACTIVATIONS[spec.class_name](**arguments_of("activation", spec))


def negative_slope(spec: KerasObject) -> float | None:
    """Return the slope a of an activation max(u, 0) + a min(u, 0): 1 for linear, 0 for ReLU; None
    for any other activation."""
    arguments = arguments_of("activation", spec)
    if spec.class_name == "linear":
        return 1.0
    plain = (arguments.get("max_value"), arguments.get("threshold", 0)) == (None, 0)
    if spec.class_name in ("relu", "leaky_relu") and plain:
        return float(arguments["negative_slope"])
    return None


def dies(spec: KerasObject) -> bool:
    """Return whether the activation is 0 with slope 0 for every negative argument and only there:
    ReLU, also with a maximum."""
    arguments = arguments_of("activation", spec)
    plain = (arguments.get("negative_slope"), arguments.get("threshold")) == (0, 0)
    return spec.class_name == "relu6" or (spec.class_name == "relu" and plain)


def _relu(negative_slope: float, max_value: float | None, threshold: float) -> Activation:
    # Keras clips below at 0 where it clips above
    low, top = (-np.inf, np.inf) if max_value is None else (0.0, max_value)

    def value(u: Array) -> Array:
        return np.where(u > threshold, np.clip(u, low, top), negative_slope * (u - threshold))

    def slope(u: Array) -> Array:
        return np.where(u > threshold, np.where((u > low) & (u < top), 1.0, 0.0), negative_slope)

    return Activation(value, slope, (threshold,) if max_value is None else (threshold, low, top))


def _exponential_linear(alpha: float, rate: float, scale: float) -> Activation:
    """Return scale u for u > 0, scale alpha (exp(rate u) - 1) below."""
    return Activation(
        lambda u: scale * np.where(u > 0, u, alpha * np.expm1(rate * np.minimum(u, 0))),
        lambda u: scale * np.where(u > 0, 1, alpha * rate * np.exp(rate * np.minimum(u, 0))),
        (0.0,),
    )


def _gelu(approximate: bool) -> Activation:
    if not approximate:
        return Activation(
            lambda u: u * ndtr(u), lambda u: ndtr(u) + u * np.exp(-(u**2) / 2) / sqrt(2 * pi)
        )

    def tanh(u: Array) -> Array:
        return np.tanh(sqrt(2 / pi) * (u + 0.044715 * u**3))

    def slope(u: Array) -> Array:
        t = tanh(u)
        return (1 + t) / 2 + u / 2 * (1 - t**2) * sqrt(2 / pi) * (1 + 3 * 0.044715 * u**2)

    return Activation(lambda u: u * (1 + tanh(u)) / 2, slope)


def _mish() -> Activation:
    def tanh(u: Array) -> Array:
        return np.tanh(np.logaddexp(0, u))

    return Activation(lambda u: u * tanh(u), lambda u: tanh(u) + u * (1 - tanh(u) ** 2) * expit(u))


def _hard_silu() -> Activation:
    def gate(u: Array) -> Array:
        return np.clip(u / 6 + 0.5, 0, 1)

    return Activation(
        lambda u: u * gate(u), lambda u: gate(u) + np.where(abs(u) < 3, u / 6, 0), (-3.0, 3.0)
    )


def _soft_shrink(threshold: float) -> Activation:
    return Activation(
        lambda u: np.where(
            u > threshold, u - threshold, np.where(u < -threshold, u + threshold, 0)
        ),
        lambda u: np.where((u > threshold) | (u < -threshold), 1.0, 0.0),
        (-threshold, threshold),
    )


def _sech2(u: Array) -> Array:
    """Return the slope of tanh, without the cancellation of 1 - tanh(u)^2."""
    decay = np.exp(-2 * abs(u))
    squared: Array = 4 * decay / (1 + decay) ** 2
    return squared


ACTIVATIONS: Mapping[str, Callable[..., Activation]] = MappingProxyType(
    {
        "celu": lambda alpha: _exponential_linear(alpha, 1 / alpha if alpha else np.inf, 1),
        "elu": lambda alpha: _exponential_linear(alpha, 1, 1),
        "exponential": lambda: Activation(np.exp, np.exp),
        "gelu": _gelu,
        "hard_shrink": lambda threshold: Activation(
            lambda u: np.where(abs(u) > threshold, u, 0),
            lambda u: np.where(abs(u) > threshold, 1.0, 0.0),
            (-threshold, threshold),
        ),
        "hard_sigmoid": lambda: Activation(
            lambda u: np.clip(u / 6 + 0.5, 0, 1),
            lambda u: np.where(abs(u) < 3, 1 / 6, 0),
            (-3.0, 3.0),
        ),
        "hard_silu": _hard_silu,
        "hard_tanh": lambda: Activation(
            lambda u: np.clip(u, -1, 1), lambda u: np.where(abs(u) < 1, 1.0, 0.0), (-1.0, 1.0)
        ),
        "leaky_relu": lambda negative_slope: _relu(negative_slope, None, 0.0),
        "linear": lambda: Activation(lambda u: u, np.ones_like),
        "log_sigmoid": lambda: Activation(log_expit, lambda u: expit(-u)),
        "mish": _mish,
        "relu": _relu,
        "relu6": lambda: _relu(0.0, 6.0, 0.0),
        "selu": lambda: _exponential_linear(_SELU[1], 1, _SELU[0]),
        "sigmoid": lambda: Activation(expit, lambda u: expit(u) * expit(-u)),
        "silu": lambda: Activation(
            lambda u: u * expit(u), lambda u: expit(u) * (1 + u * expit(-u))
        ),
        "soft_shrink": _soft_shrink,
        "softplus": lambda: Activation(lambda u: np.logaddexp(0, u), expit),
        "softsign": lambda: Activation(
            lambda u: u / (1 + abs(u)), lambda u: 1 / (1 + abs(u)) ** 2, (0.0,)
        ),
        "sparse_plus": lambda: Activation(
            lambda u: np.where(u < 1, np.maximum(u + 1, 0) ** 2 / 4, u),
            lambda u: np.clip((u + 1) / 2, 0, 1),
            (-1.0, 1.0),
        ),
        "sparse_sigmoid": lambda: Activation(
            lambda u: np.clip((u + 1) / 2, 0, 1),
            lambda u: np.where(abs(u) < 1, 0.5, 0.0),
            (-1.0, 1.0),
        ),
        "squareplus": lambda b: Activation(
            lambda u: (u + np.sqrt(u**2 + b)) / 2, lambda u: (1 + u / np.sqrt(u**2 + b)) / 2
        ),
        "tanh": lambda: Activation(np.tanh, _sech2),
        "tanh_shrink": lambda: Activation(lambda u: u - np.tanh(u), lambda u: np.tanh(u) ** 2),
        "threshold": lambda threshold, default_value: Activation(
            lambda u: np.where(u > threshold, u, default_value),
            lambda u: np.where(u > threshold, 1.0, 0.0),
            (threshold,),
        ),
    }
)
