"""The registry against the installed Keras, and its refusals against what Keras computes."""

import difflib
import inspect
import json
from typing import Any

import keras
import numpy as np
import pytest
from keras.src import activations, initializers, optimizers

from vgstudy.config.keras_names import MIXES_ENTRIES, MIXES_UNITS, REFUSED_ARGUMENTS, REGISTRY
from vgstudy.config.levels import resolve

OFFERED = {
    kind: [name for name, entry in entries.items() if not entry.refused]
    for kind, entries in REGISTRY.items()
}
REQUIRED = {"threshold": {"threshold": 0.25, "default_value": -1.0}}
SOME = {  # for arguments without a number as default, and those with narrow limits
    "weight_decay": 0.1,
    "clipvalue": 0.5,
    "gradient_accumulation_steps": 3,
    "max_value": 2.0,
    "warmup_target": 0.5,
    "learning_rate_power": -0.25,
    "mode": "fan_out",
    "distribution": "uniform",
    "minval": -1.0,
    "boundaries": [10, 20],
    "values": [0.3, 0.2, 0.1],
    "decay_steps": 7,
    "first_decay_steps": 7,
}


def classes(module: Any) -> dict[str, type]:
    return {name: value for name, value in vars(module).items() if inspect.isclass(value)}


def keras_objects(kind: str) -> dict[str, Any]:
    """Everything Keras offers by its own name."""
    if kind == "activation":
        return {function.__name__: function for function in activations.ALL_OBJECTS_DICT.values()}
    if kind == "initializer":
        return {cls.__name__: cls for cls in initializers.ALL_OBJECTS_DICT.values()}
    return classes(keras.optimizers if kind == "optimizer" else keras.optimizers.schedules)


def arguments(callable_: Any) -> dict[str, Any]:
    """Argument names and defaults ("required" where there is none)."""
    skipped = ("self", "x", "args", "kwargs")
    parameters = inspect.signature(
        callable_.__init__ if inspect.isclass(callable_) else callable_
    ).parameters
    return {
        n: "required" if p.default is p.empty else p.default
        for n, p in parameters.items()
        if n not in skipped
    }


def diff(ours: Any, real: Any) -> str:
    texts = [json.dumps(side, indent=1, sort_keys=True).splitlines() for side in (ours, real)]
    return "\n".join(
        difflib.unified_diff(
            *texts, "vgstudy.config.keras_names.REGISTRY", "Keras", lineterm="", n=2
        )
    )


@pytest.mark.parametrize("kind", REGISTRY)
def test_names_and_arguments_against_keras(kind: str) -> None:
    real = {
        name: None if REGISTRY[kind][name].refused else arguments(obj)
        for name, obj in keras_objects(kind).items()
    }
    ours = {
        name: None
        if e.refused
        else {k: "required" if v is ... else v for k, v in e.arguments.items()}
        for name, e in REGISTRY[kind].items()
    }
    assert ours == real, diff(ours, real)


@pytest.mark.parametrize("kind", ["activation", "initializer"])
def test_aliases_against_keras(kind: str) -> None:
    known = {"activation": activations, "initializer": initializers}[kind].ALL_OBJECTS_DICT
    ours = {
        alias: name for name, entry in REGISTRY[kind].items() for alias in (name, *entry.aliases)
    }
    real = {alias: obj.__name__ for alias, obj in known.items()}
    assert ours == real, diff(ours, real)


def test_optimizer_names_ignore_case_as_in_keras() -> None:
    assert {name.lower() for name in REGISTRY["optimizer"]} - {"lamb"} == set(
        optimizers.ALL_OBJECTS_DICT
    )
    assert (
        resolve("optimizer", "RMSPROP").class_name
        == type(keras.optimizers.get("RMSPROP")).__name__
        == "RMSprop"
    )


def some_value(name: str, default: Any) -> Any:
    if name in SOME:
        return SOME[name]
    return {bool: not default, int: 3, float: 0.5, type(...): 0.75}[type(default)]


def all_arguments(kind: str, name: str) -> dict[str, Any]:
    """A value that is not the default for every argument a study may give."""
    allowed = {
        k: v
        for k, v in REGISTRY[kind][name].arguments.items()
        if k != "name" and k not in REFUSED_ARGUMENTS
    }
    return {key: some_value(key, default) for key, default in allowed.items()}


@pytest.mark.parametrize("name", OFFERED["optimizer"])
def test_optimizer_arguments_arrive_against_keras(name: str) -> None:
    given = all_arguments("optimizer", name)
    spec = resolve("optimizer", {"class_name": name, "config": given})
    assert spec.config == given
    made = keras.optimizers.get(
        {"class_name": spec.class_name, "config": dict(spec.config)}
    ).get_config()
    assert {key: made[key] for key in given} == pytest.approx(given)


@pytest.mark.parametrize("name", OFFERED["initializer"])
def test_initializer_arguments_arrive_against_keras(name: str) -> None:
    given = all_arguments("initializer", name)
    spec = resolve("initializer", {"class_name": name, "config": given})
    made = keras.initializers.get({"class_name": spec.class_name, "config": dict(spec.config)})
    assert {key: getattr(made, key) for key in given} == given
    assert made((2, 5)).shape == (2, 5)


@pytest.mark.parametrize("name", OFFERED["schedule"])
def test_schedule_arguments_arrive_against_keras(name: str) -> None:
    given = all_arguments("schedule", name)
    spec = resolve(
        "optimizer",
        {"class_name": "sgd", "config": {"learning_rate": {"class_name": name, "config": given}}},
    )
    optimizer = keras.optimizers.get({"class_name": spec.class_name, "config": dict(spec.config)})
    made = optimizer.get_config()["learning_rate"]
    assert made["class_name"] == name
    assert {key: made["config"][key] for key in given} == given
    assert np.isfinite(float(optimizer.learning_rate))


REFUSED_BY_KERAS = [
    ("optimizer", "SGD", {"momentum": 1.5}),
    ("optimizer", "SGD", {"momentum": -0.1}),
    ("optimizer", "SGD", {"gradient_accumulation_steps": 1}),
    ("optimizer", "Lion", {"beta_1": 0.0}),
    ("optimizer", "Ftrl", {"learning_rate_power": 0.5}),
    ("optimizer", "Ftrl", {"initial_accumulator_value": -0.5}),
    ("optimizer", "Ftrl", {"l1_regularization_strength": -0.5}),
    ("optimizer", "Adam", {"learning_rate": "fast"}),
    ("optimizer", "AdamW", {"weight_decay": None}),
    ("optimizer", "Adam", {"lr": 0.1}),
    ("initializer", "VarianceScaling", {"scale": 0.0}),
    ("initializer", "VarianceScaling", {"mode": "fan"}),
    ("initializer", "VarianceScaling", {"distribution": "cauchy"}),
    (
        "schedule",
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.5},
    ),
    ("schedule", "CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 0}),
    ("schedule", "PiecewiseConstantDecay", {"boundaries": [1, 2], "values": [0.1, 0.2]}),
    ("schedule", "PolynomialDecay", {"initial_learning_rate": 0.1}),
]


@pytest.mark.parametrize(("kind", "name", "config"), REFUSED_BY_KERAS)
def test_arguments_that_keras_refuses_are_refused(
    kind: str, name: str, config: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError)):
        keras_objects(kind)[name](**config)
    with pytest.raises(ValueError, match=f"^{name}"):
        resolve(kind, {"class_name": name, "config": config})


def units_reached(name: str) -> np.ndarray:
    """Which outputs change when one input does, (input unit, output unit), over points on both
    sides of every kink."""
    function, extra = keras_objects("activation")[name], REQUIRED.get(name, {})
    x = np.random.default_rng(0).uniform(-4, 4, (64, 6)).astype("float32")  # (point, unit)
    before = np.asarray(function(x, **extra))
    reached = []
    for unit in range(6):
        moved = x.copy()
        moved[:, unit] += 0.3
        reached.append((np.asarray(function(moved, **extra)) != before).any(axis=0))
    return np.array(reached)


@pytest.mark.parametrize("name", OFFERED["activation"])
def test_offered_activations_are_element_wise_against_keras(name: str) -> None:
    assert np.array_equal(units_reached(name), np.eye(6, dtype=bool))


@pytest.mark.parametrize(
    "name", [name for name, entry in REGISTRY["activation"].items() if entry.refused == MIXES_UNITS]
)
def test_refused_activations_mix_units_against_keras(name: str) -> None:
    reached = units_reached(name)
    assert reached.shape != (6, 6) or (reached & ~np.eye(6, dtype=bool)).any()


def trained(make: Any, start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """A variable after one optimizer step for each of the gradients (step, run, parameter)."""
    variable, optimizer = keras.Variable(start), make()
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return variable.numpy()


def entries_reached(make: Any) -> np.ndarray:
    """Which entries (run, parameter) of a variable change when one gradient entry does."""
    rng = np.random.default_rng(1)
    start, gradients = (
        rng.normal(size=(4, 6)).astype("float32"),
        rng.normal(size=(4, 4, 6)).astype("float32"),
    )
    moved = gradients.copy()
    moved[:, 1, 2] *= -2  # another sign and another size
    return trained(make, start, moved) != trained(make, start, gradients)


ONLY_THAT_ENTRY = np.zeros((4, 6), bool)
ONLY_THAT_ENTRY[1, 2] = True


@pytest.mark.parametrize("name", OFFERED["optimizer"])
@pytest.mark.parametrize(
    "more",
    [{}, {"weight_decay": 0.1, "clipvalue": 0.5, "gradient_accumulation_steps": 2}],
    ids=["plain", "more"],
)
def test_offered_optimizers_are_element_wise_against_keras(name: str, more: dict[str, Any]) -> None:
    assert np.array_equal(
        entries_reached(lambda: keras_objects("optimizer")[name](**more)), ONLY_THAT_ENTRY
    )


@pytest.mark.parametrize(
    "name",
    [name for name, entry in REGISTRY["optimizer"].items() if entry.refused == MIXES_ENTRIES],
)
def test_refused_optimizers_mix_entries_against_keras(name: str) -> None:
    assert (entries_reached(keras_objects("optimizer")[name]) & ~ONLY_THAT_ENTRY).any()


@pytest.mark.parametrize(
    "argument",
    [name for name, reason in REFUSED_ARGUMENTS.items() if reason.startswith(MIXES_ENTRIES)],
)
def test_refused_arguments_mix_entries_against_keras(argument: str) -> None:
    assert (
        entries_reached(lambda: keras.optimizers.SGD(**{argument: 0.5})) & ~ONLY_THAT_ENTRY
    ).any()


def test_averaged_weights_are_not_those_trained_against_keras() -> None:
    variable, optimizer = keras.Variable(np.ones(3, "float32")), keras.optimizers.SGD(use_ema=True)
    optimizer.build([variable])
    for _ in range(3):
        optimizer.apply([keras.ops.ones(3)], [variable])
    before = variable.numpy()
    optimizer.finalize_variable_values([variable])
    assert (variable.numpy() != before).all()


def test_loss_scale_factor_divides_gradients_against_keras() -> None:
    start, gradients = np.zeros((1, 3), "float32"), np.ones((1, 1, 3), "float32")
    scaled = trained(lambda: keras.optimizers.SGD(loss_scale_factor=4.0), start, gradients)
    np.testing.assert_allclose(scaled * 4, trained(keras.optimizers.SGD, start, gradients))
