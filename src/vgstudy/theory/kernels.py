"""Mean and variance of a kernel entry under every Keras initializer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scipy.stats import truncnorm

from vgstudy.cells import KerasObject
from vgstudy.config.keras_names import arguments_of

# variance of a standard normal truncated at two standard deviations
_TRUNCATED = float(truncnorm.var(-2, 2))
# scale and mode of keras.initializers
_VARIANCE_SCALING = {
    "GlorotNormal": (1.0, "fan_avg"),
    "GlorotUniform": (1.0, "fan_avg"),
    "HeNormal": (2.0, "fan_in"),
    "HeUniform": (2.0, "fan_in"),
    "LecunNormal": (1.0, "fan_in"),
    "LecunUniform": (1.0, "fan_in"),
}


@dataclass(frozen=True)
class Moments:
    """Mean and variance of the entries of a kernel."""

    mean: float
    variance: float


def moments(spec: KerasObject, fan_in: int, fan_out: int) -> Moments:
    """Return mean and variance of the entries of a kernel with `fan_in` inputs and `fan_out`
    outputs.

    For the variance-scaling family the variance is the same for every `distribution`: Keras
    widens the truncated normal to make up for the truncation. The entries of `Orthogonal` and
    `Identity` kernels are not independent.
    """
    return MOMENTS[spec.class_name](arguments_of("initializer", spec), fan_in, fan_out)


def is_gaussian(spec: KerasObject) -> bool:
    """Return whether the entries are independent normal variables of mean 0 and positive
    variance."""
    arguments = arguments_of("initializer", spec)
    if spec.class_name == "RandomNormal":
        return bool(arguments["mean"] == 0 and arguments["stddev"] > 0)
    return (
        spec.class_name == "VarianceScaling" and arguments["distribution"] == "untruncated_normal"
    )


def _scaled(scale: float, mode: str, fan_in: int, fan_out: int) -> Moments:
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    return Moments(0.0, scale / fan)


def _scaling(name: str) -> Callable[[Mapping[str, Any], int, int], Moments]:
    return lambda _, fan_in, fan_out: _scaled(*_VARIANCE_SCALING[name], fan_in, fan_out)


def _identity(arguments: Mapping[str, Any], fan_in: int, fan_out: int) -> Moments:
    # min(fan_in, fan_out) of the fan_in * fan_out entries are the gain
    mean = arguments["gain"] / max(fan_in, fan_out)
    return Moments(mean, arguments["gain"] * mean - mean**2)


def _orthogonal(arguments: Mapping[str, Any], fan_in: int, fan_out: int) -> Moments:
    return Moments(0.0, arguments["gain"] ** 2 / max(fan_in, fan_out))


def _uniform(arguments: Mapping[str, Any], *_: int) -> Moments:
    low, high = arguments["minval"], arguments["maxval"]
    return Moments((low + high) / 2, (high - low) ** 2 / 12)


def _normal(arguments: Mapping[str, Any], *_: int) -> Moments:
    return Moments(arguments["mean"], arguments["stddev"] ** 2)


def _truncated_normal(arguments: Mapping[str, Any], *_: int) -> Moments:
    return Moments(arguments["mean"], arguments["stddev"] ** 2 * _TRUNCATED)


def _variance_scaling(arguments: Mapping[str, Any], fan_in: int, fan_out: int) -> Moments:
    return _scaled(arguments["scale"], arguments["mode"], fan_in, fan_out)


MOMENTS: Mapping[str, Callable[[Mapping[str, Any], int, int], Moments]] = MappingProxyType(
    {
        **{name: _scaling(name) for name in _VARIANCE_SCALING},
        "Constant": lambda arguments, *_: Moments(arguments["value"], 0.0),
        "Identity": _identity,
        "Ones": lambda *_: Moments(1.0, 0.0),
        "Orthogonal": _orthogonal,
        "RandomNormal": _normal,
        "RandomUniform": _uniform,
        "TruncatedNormal": _truncated_normal,
        "VarianceScaling": _variance_scaling,
        "Zeros": lambda *_: Moments(0.0, 0.0),
    }
)
