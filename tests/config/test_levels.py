"""One canonical object for every spelling; one line for every mistake."""

from typing import Any

import pytest

from vgstudy.cells import KerasObject
from vgstudy.config import levels, yamlfile
from vgstudy.config.keras_names import REGISTRY
from vgstudy.config.levels import resolve

DECAY = {
    "class_name": "ExponentialDecay",
    "config": {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9},
}

# kind and two spellings, as YAML
SAME = """
activation | silu | swish
activation | leaky_relu | {class_name: leaky_relu, config: {negative_slope: 0.2}}
activation | squareplus | {class_name: squareplus, config: {b: 4.0}}
initializer | he_uniform | HeUniform
initializer | uniform | {class_name: RandomUniform, config: {minval: -0.05, seed: null}}
optimizer | adam | Adam
optimizer | sgd | {class_name: SGD, config: {learning_rate: 0.01, name: mine, clipnorm: null}}
optimizer | sgd | {class_name: SGD, config: {use_ema: false}}
"""


def cases(table: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("kind", "one", "other"), cases(SAME))
def test_two_spellings_are_one_object(kind: Any, one: str, other: str) -> None:
    assert resolve(kind, yamlfile.parse(one)) == resolve(kind, yamlfile.parse(other))


def test_two_spellings_of_a_schedule_are_one_object() -> None:
    stated = {**DECAY, "config": {**DECAY["config"], "staircase": False, "name": "x"}}
    one, other = (
        {"class_name": "SGD", "config": {"learning_rate": rate}} for rate in (DECAY, stated)
    )
    assert resolve("optimizer", one) == resolve("optimizer", other)


def test_resolved_by_hand() -> None:
    sgd = resolve(
        "optimizer", {"class_name": "sgd", "config": {"learning_rate": 1, "momentum": 0.0}}
    )
    assert sgd.model_dump() == {"class_name": "SGD", "config": {"learning_rate": 1.0}}
    assert isinstance(sgd.config["learning_rate"], float)
    decayed = resolve("optimizer", {"class_name": "SGD", "config": {"learning_rate": DECAY}})
    assert decayed.config == {"learning_rate": {"module": "keras.optimizers.schedules", **DECAY}}


@pytest.mark.parametrize("kind", ["activation", "initializer", "optimizer"])
def test_resolving_twice_changes_nothing(kind: Any) -> None:
    required = {"threshold": {"threshold": 0, "default_value": 1}}
    for name in (name for name, entry in REGISTRY[kind].items() if not entry.refused):
        once = resolve(kind, {"class_name": name, "config": required.get(name, {})})
        assert (
            once
            == resolve(kind, once)
            == resolve(kind, KerasObject.model_validate_json(once.model_dump_json()).model_dump())
        )


# kind, value as YAML, part of the message
MISTAKES = """
activation | tahn | unknown activation 'tahn'; did you mean 'tanh'? allowed: celu, elu,
activation | ReLU | did you mean 'relu'?
activation | softmax | activation softmax is refused: it mixes the units
activation | 5 | the name of a Keras activation or {class_name: ..., config: {...}}, not 5
activation | {clas_name: tanh} | clas_name: unknown key; did you mean 'class_name'?
activation | {class_name: relu, config: []} | config: must be a mapping of keys to values
activation | {class_name: threshold} | threshold.threshold: is missing; see also default_value
initializer | glorot_unifrom | did you mean 'glorot_uniform'?
initializer | unifrom | did you mean 'uniform'?
initializer | stft | initializer STFT is refused
initializer | {class_name: he_uniform, config: {seed: 3}} | HeUniform.seed is refused
initializer | {class_name: RandomUniform, config: {minval: 1, maxval: 0}} | must be below maxval 0.0
initializer | {class_name: VarianceScaling, config: {mode: fanin}} | 'fanin' is not known
optimizer | SDG | unknown optimizer 'SDG'; did you mean 'SGD'?
optimizer | muon | optimizer Muon is refused: it mixes the entries
optimizer | {class_name: SGD, config: {learning_rat: 1}} | did you mean 'learning_rate'?
optimizer | {class_name: SGD, config: {learning_rate: fast}} | must be a number, not 'fast'
optimizer | {class_name: SGD, config: {learning_rate: true}} | must be a number, not true
optimizer | {class_name: SGD, config: {learning_rate: .inf}} | must be a finite number
optimizer | {class_name: SGD, config: {learning_rate: 0}} | must be above 0, not 0
optimizer | {class_name: SGD, config: {momentum: 2}} | SGD.momentum: must be at most 1, not 2
optimizer | {class_name: SGD, config: {nesterov: 1}} | must be true or false, not 1
optimizer | {class_name: SGD, config: {clipnorm: 1.0}} | SGD.clipnorm is refused
optimizer | {class_name: SGD, config: {learning_rate: {class_name: Decay}}} | unknown schedule
"""


def refusal(kind: Any, value: Any) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011  callers compare the text
        resolve(kind, value)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("kind", "value", "message"), cases(MISTAKES))
def test_a_mistake_is_one_line_with_what_is_allowed(kind: Any, value: str, message: str) -> None:
    assert message in refusal(kind, yamlfile.parse(value))


def test_a_mistake_in_a_schedule_names_its_key() -> None:
    rate = {**DECAY, "config": {**DECAY["config"], "decay_step": 3}}
    text = refusal("optimizer", {"class_name": "SGD", "config": {"learning_rate": rate}})
    assert "ExponentialDecay.decay_step: unknown key; did you mean 'decay_steps'?" in text


def test_every_typed_argument_exists() -> None:
    known = {
        key
        for entries in REGISTRY.values()
        for name, e in entries.items()
        for a in e.arguments
        for key in (a, f"{name}.{a}")
    }
    assert levels._TYPES.keys() <= known
    assert levels._TOGETHER.keys() <= {name for entries in REGISTRY.values() for name in entries}
