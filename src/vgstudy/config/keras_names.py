"""What Keras 3.15 offers as activation, initializer and optimizer, so that a study is checked
without importing Keras.

Stacked training keeps many runs in one tensor, which is exact only for element-wise maths: what
mixes units, entries or runs is refused, with the reason (`levels.resolve` applies it).
`tests/config/test_keras_names.py` holds this registry against the installed Keras, and the refusals
against Jacobians and single-run updates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from vgstudy.cells import KerasObject

Kind = Literal["activation", "initializer", "optimizer", "schedule"]

MIXES_UNITS = (
    "it mixes the units of a layer, and stacked training is exact only for element-wise activations"
)
MIXES_ENTRIES = (
    "it mixes the entries of a variable, and stacked training keeps all runs in one variable"
)
STARTS_AT_ZERO = (
    "under `fit` Keras 3.15 starts its averages at 0 instead of at the weights, so no run can be "
    "held against it"
)
IS_A_WRAPPER = "it wraps other optimizers; name the optimizer itself"
IS_ABSTRACT = "it is a base class"


@dataclass(frozen=True)
class Entry:
    """One Keras object.

    Attributes
    ----------
    aliases
        Its other names.
    arguments
        Its arguments with Keras' defaults, `...` where there is none.
    refused
        Why a study cannot use it; None if it can.
    """

    aliases: tuple[str, ...]
    arguments: Mapping[str, Any]
    refused: str | None = None


def offered(*aliases: str, **arguments: Any) -> Entry:
    """Return the entry of an object that studies can use."""
    return Entry(aliases, MappingProxyType(arguments))


def refused(reason: str, *aliases: str) -> Entry:
    """Return the entry of an object that studies cannot use."""
    return Entry(aliases, MappingProxyType({}), reason)


# arguments of every optimizer
_SHARED: dict[str, Any] = {
    **dict.fromkeys(("weight_decay", "clipnorm", "clipvalue", "global_clipnorm")),
    **{"use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None},
    **dict.fromkeys(("loss_scale_factor", "gradient_accumulation_steps", "name")),
}
_ADAM: dict[str, Any] = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
_FANS: dict[str, Any] = {"seed": None, "input_axes": None, "output_axes": None}

_ACTIVATIONS = {
    "celu": offered(alpha=1.0),
    "elu": offered(alpha=1.0),
    "exponential": offered(),
    "gelu": offered(approximate=False),
    "glu": refused(MIXES_UNITS),
    "hard_shrink": offered(threshold=0.5),
    "hard_sigmoid": offered(),
    "hard_silu": offered("hard_swish"),
    "hard_tanh": offered(),
    "leaky_relu": offered(negative_slope=0.2),
    "linear": offered(),
    "log_sigmoid": offered(),
    "log_softmax": refused(MIXES_UNITS),
    "mish": offered(),
    "relu": offered(negative_slope=0.0, max_value=None, threshold=0.0),
    "relu6": offered(),
    "selu": offered(),
    "sigmoid": offered(),
    "silu": offered("swish"),
    "soft_shrink": offered(threshold=0.5),
    "softmax": refused(MIXES_UNITS),
    "softplus": offered(),
    "softsign": offered(),
    "sparse_plus": offered(),
    "sparse_sigmoid": offered(),
    "sparsemax": refused(MIXES_UNITS),
    "squareplus": offered(b=4),
    "tanh": offered(),
    "tanh_shrink": offered(),
    "threshold": offered(threshold=..., default_value=...),
}

_INITIALIZERS = {
    "Constant": offered("constant", value=0.0),
    "GlorotNormal": offered("glorot_normal", **_FANS),
    "GlorotUniform": offered("glorot_uniform", **_FANS),
    "HeNormal": offered("he_normal", **_FANS),
    "HeUniform": offered("he_uniform", **_FANS),
    "Identity": offered("IdentityInitializer", "identity", gain=1.0),
    "Initializer": refused(IS_ABSTRACT, "initializer"),
    "LecunNormal": offered("lecun_normal", **_FANS),
    "LecunUniform": offered("lecun_uniform", **_FANS),
    "Ones": offered("one", "ones"),
    "Orthogonal": offered("OrthogonalInitializer", "orthogonal", gain=1.0, seed=None),
    "RandomNormal": offered("normal", "random_normal", mean=0.0, stddev=0.05, seed=None),
    "RandomUniform": offered("random_uniform", "uniform", minval=-0.05, maxval=0.05, seed=None),
    "STFT": refused(
        "it fills the three-dimensional kernels of Fourier transforms only",
        "STFTInitializer",
        "stft",
    ),
    "TruncatedNormal": offered("truncated_normal", mean=0.0, stddev=0.05, seed=None),
    "VarianceScaling": offered(
        "variance_scaling", scale=1.0, mode="fan_in", distribution="truncated_normal", **_FANS
    ),
    "Zeros": offered("zero", "zeros"),
}

# Keras ignores case in their names
_OPTIMIZERS = {
    "Adadelta": offered(learning_rate=0.001, rho=0.95, epsilon=1e-7, **_SHARED),
    "Adafactor": refused(MIXES_ENTRIES),
    "Adagrad": offered(learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **_SHARED),
    "Adam": offered(amsgrad=False, **_ADAM, **_SHARED),
    "AdamW": offered(amsgrad=False, **_ADAM, **_SHARED | {"weight_decay": 0.004}),
    "Adamax": offered(**_ADAM, **_SHARED),
    "Ftrl": offered(
        learning_rate=0.001,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
        **_SHARED,
    ),
    "Lamb": refused(MIXES_ENTRIES),
    "Lion": offered(learning_rate=0.001, beta_1=0.9, beta_2=0.99, **_SHARED),
    "LossScaleOptimizer": refused(IS_A_WRAPPER),
    "MultiOptimizer": refused(IS_A_WRAPPER),
    "Muon": refused(MIXES_ENTRIES),
    "Nadam": offered(**_ADAM, **_SHARED),
    "Optimizer": refused(IS_ABSTRACT),
    "OptimizerMap": refused(IS_A_WRAPPER),
    "RMSprop": offered(
        learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **_SHARED
    ),
    "SGD": offered(learning_rate=0.01, momentum=0.0, nesterov=False, **_SHARED),
    "ScheduleFreeAdamW": refused(STARTS_AT_ZERO),
}

# keras.optimizers.schedules, as an optimizer's learning_rate; a step is one mini-batch
_START: dict[str, Any] = {"initial_learning_rate": ...}
_STEPS: dict[str, Any] = {**_START, "decay_steps": ...}
_RATE: dict[str, Any] = {**_STEPS, "decay_rate": ..., "staircase": False}
_SCHEDULES = {
    "CosineDecay": offered(
        **_STEPS, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
    ),
    "CosineDecayRestarts": offered(
        **_START, first_decay_steps=..., t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"
    ),
    "ExponentialDecay": offered(**_RATE, name="ExponentialDecay"),
    "InverseTimeDecay": offered(**_RATE, name="InverseTimeDecay"),
    "LearningRateSchedule": refused(IS_ABSTRACT),
    "PiecewiseConstantDecay": offered(boundaries=..., values=..., name="PiecewiseConstant"),
    "PolynomialDecay": offered(
        **_STEPS, end_learning_rate=0.0001, power=1.0, cycle=False, name="PolynomialDecay"
    ),
}

REGISTRY: Mapping[Kind, Mapping[str, Entry]] = MappingProxyType(
    {
        "activation": _ACTIVATIONS,
        "initializer": _INITIALIZERS,
        "optimizer": _OPTIMIZERS,
        "schedule": _SCHEDULES,
    }
)


def arguments_of(kind: Kind, spec: KerasObject) -> dict[str, Any]:
    """Return all arguments of an object: those it states, else Keras' defaults."""
    return {**REGISTRY[kind][spec.class_name].arguments, **spec.config}


def moves_without_gradient(optimizer: KerasObject) -> bool:
    """Return whether an optimizer moves parameters whose gradient has always been 0."""
    decays = arguments_of("optimizer", optimizer).get("weight_decay")
    return bool(decays) or optimizer.class_name == "Ftrl"


_AVERAGES = (
    "Keras swaps the averaged weights in when training ends, so earlier probes would see others"
)
# names of our own for Keras objects
NICKNAMES: Mapping[tuple[str, str], KerasObject] = MappingProxyType(
    {
        # U(-1/sqrt(fan_in), 1/sqrt(fan_in)), PyTorch's default
        ("initializer", "fan_in_uniform"): KerasObject(
            class_name="VarianceScaling",
            config={"scale": 1 / 3, "mode": "fan_in", "distribution": "uniform"},
        )
    }
)
REFUSED_ARGUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "seed": "the study gives every kernel its own seed",
        "input_axes": "kernels are matrices, whose fans are known",
        "output_axes": "kernels are matrices, whose fans are known",
        "clipnorm": f"{MIXES_ENTRIES}; clipvalue is allowed",
        "global_clipnorm": f"{MIXES_ENTRIES}; clipvalue is allowed",
        "use_ema": _AVERAGES,
        "ema_momentum": _AVERAGES,
        "ema_overwrite_frequency": _AVERAGES,
        "loss_scale_factor": "it divides gradients of a loss that was not multiplied",
    }
)
