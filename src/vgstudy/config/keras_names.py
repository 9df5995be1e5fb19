"""What Keras 3.15 offers as activation, initializer and optimizer, so that a study is checked
without importing Keras.

Stacked training keeps many runs in one tensor, which is exact only for element-wise maths: what
mixes units, entries or runs is refused, with the reason (`levels.resolve` applies it).
`tests/test_keras_names.py` holds this registry against the installed Keras, and the refusals
against Jacobians and single-run updates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Kind = Literal["activation", "initializer", "optimizer", "schedule"]

MIXES_UNITS = (
    "it mixes the units of a layer, and stacked training is exact only for element-wise activations"
)
MIXES_ENTRIES = (
    "it mixes the entries of a variable, and stacked training keeps all runs in one variable"
)
STARTS_AT_ZERO = "under `fit` Keras 3.15 starts its averages at 0 instead of at the weights, so no run can be held against it"
IS_A_WRAPPER = "it wraps other optimizers; name the optimizer itself"
IS_ABSTRACT = "it is a base class"


@dataclass(frozen=True)
class Entry:
    """One Keras object: its aliases, its arguments with Keras' defaults (`...` where there is
    none), why it is refused."""

    aliases: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None


_SHARED = {  # of every optimizer
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}
_ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
_FANS = {"seed": None, "input_axes": None, "output_axes": None}

_ACTIVATIONS = {
    "celu": Entry(arguments={"alpha": 1.0}),
    "elu": Entry(arguments={"alpha": 1.0}),
    "exponential": Entry(),
    "gelu": Entry(arguments={"approximate": False}),
    "glu": Entry(refused=MIXES_UNITS),
    "hard_shrink": Entry(arguments={"threshold": 0.5}),
    "hard_sigmoid": Entry(),
    "hard_silu": Entry(aliases=("hard_swish",)),
    "hard_tanh": Entry(),
    "leaky_relu": Entry(arguments={"negative_slope": 0.2}),
    "linear": Entry(),
    "log_sigmoid": Entry(),
    "log_softmax": Entry(refused=MIXES_UNITS),
    "mish": Entry(),
    "relu": Entry(arguments={"negative_slope": 0.0, "max_value": None, "threshold": 0.0}),
    "relu6": Entry(),
    "selu": Entry(),
    "sigmoid": Entry(),
    "silu": Entry(aliases=("swish",)),
    "soft_shrink": Entry(arguments={"threshold": 0.5}),
    "softmax": Entry(refused=MIXES_UNITS),
    "softplus": Entry(),
    "softsign": Entry(),
    "sparse_plus": Entry(),
    "sparse_sigmoid": Entry(),
    "sparsemax": Entry(refused=MIXES_UNITS),
    "squareplus": Entry(arguments={"b": 4}),
    "tanh": Entry(),
    "tanh_shrink": Entry(),
    "threshold": Entry(arguments={"threshold": ..., "default_value": ...}),
}

_INITIALIZERS = {
    "Constant": Entry(("constant",), {"value": 0.0}),
    "GlorotNormal": Entry(("glorot_normal",), _FANS),
    "GlorotUniform": Entry(("glorot_uniform",), _FANS),
    "HeNormal": Entry(("he_normal",), _FANS),
    "HeUniform": Entry(("he_uniform",), _FANS),
    "Identity": Entry(("IdentityInitializer", "identity"), {"gain": 1.0}),
    "Initializer": Entry(("initializer",), refused=IS_ABSTRACT),
    "LecunNormal": Entry(("lecun_normal",), _FANS),
    "LecunUniform": Entry(("lecun_uniform",), _FANS),
    "Ones": Entry(("one", "ones")),
    "Orthogonal": Entry(("OrthogonalInitializer", "orthogonal"), {"gain": 1.0, "seed": None}),
    "RandomNormal": Entry(("normal", "random_normal"), {"mean": 0.0, "stddev": 0.05, "seed": None}),
    "RandomUniform": Entry(
        ("random_uniform", "uniform"), {"minval": -0.05, "maxval": 0.05, "seed": None}
    ),
    "STFT": Entry(
        ("STFTInitializer", "stft"),
        refused="it fills the three-dimensional kernels of Fourier transforms only",
    ),
    "TruncatedNormal": Entry(("truncated_normal",), {"mean": 0.0, "stddev": 0.05, "seed": None}),
    "VarianceScaling": Entry(
        ("variance_scaling",),
        {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal", **_FANS},
    ),
    "Zeros": Entry(("zero", "zeros")),
}

_OPTIMIZERS = {  # Keras ignores case in their names
    "Adadelta": Entry(arguments={"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7, **_SHARED}),
    "Adafactor": Entry(refused=MIXES_ENTRIES),
    "Adagrad": Entry(
        arguments={
            "learning_rate": 0.001,
            "initial_accumulator_value": 0.1,
            "epsilon": 1e-7,
            **_SHARED,
        }
    ),
    "Adam": Entry(arguments={**_ADAM, "amsgrad": False, **_SHARED}),
    "AdamW": Entry(arguments={**_ADAM, "amsgrad": False, **_SHARED, "weight_decay": 0.004}),
    "Adamax": Entry(arguments={**_ADAM, **_SHARED}),
    "Ftrl": Entry(
        arguments={
            "learning_rate": 0.001,
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0.0,
            "l2_regularization_strength": 0.0,
            "l2_shrinkage_regularization_strength": 0.0,
            "beta": 0.0,
            **_SHARED,
        }
    ),
    "Lamb": Entry(refused=MIXES_ENTRIES),
    "Lion": Entry(arguments={"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99, **_SHARED}),
    "LossScaleOptimizer": Entry(refused=IS_A_WRAPPER),
    "MultiOptimizer": Entry(refused=IS_A_WRAPPER),
    "Muon": Entry(refused=MIXES_ENTRIES),
    "Nadam": Entry(arguments={**_ADAM, **_SHARED}),
    "Optimizer": Entry(refused=IS_ABSTRACT),
    "OptimizerMap": Entry(refused=IS_A_WRAPPER),
    "RMSprop": Entry(
        arguments={
            "learning_rate": 0.001,
            "rho": 0.9,
            "momentum": 0.0,
            "epsilon": 1e-7,
            "centered": False,
            **_SHARED,
        }
    ),
    "SGD": Entry(arguments={"learning_rate": 0.01, "momentum": 0.0, "nesterov": False, **_SHARED}),
    "ScheduleFreeAdamW": Entry(refused=STARTS_AT_ZERO),
}

# keras.optimizers.schedules, as an optimizer's learning_rate; a step is one mini-batch
_SCHEDULES = {
    "CosineDecay": Entry(
        arguments={
            "initial_learning_rate": ...,
            "decay_steps": ...,
            "alpha": 0.0,
            "name": "CosineDecay",
            "warmup_target": None,
            "warmup_steps": 0,
        }
    ),
    "CosineDecayRestarts": Entry(
        arguments={
            "initial_learning_rate": ...,
            "first_decay_steps": ...,
            "t_mul": 2.0,
            "m_mul": 1.0,
            "alpha": 0.0,
            "name": "SGDRDecay",
        }
    ),
    "ExponentialDecay": Entry(
        arguments={
            "initial_learning_rate": ...,
            "decay_steps": ...,
            "decay_rate": ...,
            "staircase": False,
            "name": "ExponentialDecay",
        }
    ),
    "InverseTimeDecay": Entry(
        arguments={
            "initial_learning_rate": ...,
            "decay_steps": ...,
            "decay_rate": ...,
            "staircase": False,
            "name": "InverseTimeDecay",
        }
    ),
    "LearningRateSchedule": Entry(refused=IS_ABSTRACT),
    "PiecewiseConstantDecay": Entry(
        arguments={"boundaries": ..., "values": ..., "name": "PiecewiseConstant"}
    ),
    "PolynomialDecay": Entry(
        arguments={
            "initial_learning_rate": ...,
            "decay_steps": ...,
            "end_learning_rate": 0.0001,
            "power": 1.0,
            "cycle": False,
            "name": "PolynomialDecay",
        }
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

_AVERAGES = "Keras swaps the averaged weights in when training ends, so the probes on the way would see others"
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
        "loss_scale_factor": "it divides gradients whose loss nobody has multiplied",
    }
)
