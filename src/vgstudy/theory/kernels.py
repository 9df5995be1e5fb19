"""The distribution of one kernel entry of every Keras initializer: what theory needs to know of
it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scipy.stats import truncnorm

from vgstudy.cells import KerasObject
from vgstudy.config.keras_names import REGISTRY

_TRUNCATED = float(
    truncnorm.var(-2, 2)
)  # variance of a standard normal cut at two standard deviations
_VARIANCE_SCALING = {  # scale and mode, keras.initializers
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
    """Mean and variance of the entries of a kernel with `fan_in` inputs and `fan_out` outputs.

    For the variance-scaling family the variance is the same for every `distribution`: Keras
    corrects the truncated normal for what truncation takes away. The entries of `Orthogonal` and
    `Identity` kernels are not independent.
    """
    given = {**REGISTRY["initializer"][spec.class_name].arguments, **spec.config}
    return MOMENTS[spec.class_name](given, fan_in, fan_out)


def is_gaussian(spec: KerasObject) -> bool:
    """Whether the entries are independent normal variables of mean 0 and positive variance."""
    given = {**REGISTRY["initializer"][spec.class_name].arguments, **spec.config}
    if spec.class_name == "RandomNormal":
        return bool(given["mean"] == 0 and given["stddev"] > 0)
    return spec.class_name == "VarianceScaling" and given["distribution"] == "untruncated_normal"


def _scaled(scale: float, mode: str, fan_in: int, fan_out: int) -> Moments:
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    return Moments(0.0, scale / fan)


def _scaling(name: str) -> Callable[[Mapping[str, Any], int, int], Moments]:
    return lambda _, fan_in, fan_out: _scaled(*_VARIANCE_SCALING[name], fan_in, fan_out)


def _identity(given: Mapping[str, Any], fan_in: int, fan_out: int) -> Moments:
    mean = given["gain"] / max(
        fan_in, fan_out
    )  # min(fan_in, fan_out) entries of fan_in * fan_out are the gain
    return Moments(mean, given["gain"] * mean - mean**2)


MOMENTS: Mapping[str, Callable[[Mapping[str, Any], int, int], Moments]] = MappingProxyType(
    {
        **{name: _scaling(name) for name in _VARIANCE_SCALING},
        "Constant": lambda given, *_: Moments(given["value"], 0.0),
        "Identity": _identity,
        "Ones": lambda *_: Moments(1.0, 0.0),
        "Orthogonal": lambda given, fan_in, fan_out: Moments(
            0.0, given["gain"] ** 2 / max(fan_in, fan_out)
        ),
        "RandomNormal": lambda given, *_: Moments(given["mean"], given["stddev"] ** 2),
        "RandomUniform": lambda given, *_: Moments(
            (given["minval"] + given["maxval"]) / 2, (given["maxval"] - given["minval"]) ** 2 / 12
        ),
        "TruncatedNormal": lambda given, *_: Moments(
            given["mean"], given["stddev"] ** 2 * _TRUNCATED
        ),
        "VarianceScaling": lambda given, fan_in, fan_out: _scaled(
            given["scale"], given["mode"], fan_in, fan_out
        ),
        "Zeros": lambda *_: Moments(0.0, 0.0),
    }
)
