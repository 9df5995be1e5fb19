"""Advice and notes fit the model: several outputs, branches, trees, recurrent layers, weights."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers
from keras.initializers import Constant, RandomNormal, VarianceScaling

from nets import diagnosis_before_training
from vgstudy.probe import GradientProbe
from vgstudy.probe.diagnosis import diagnose_logs

RNG = np.random.default_rng(4)
X = RNG.normal(size=(32, 8)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
WORDS = RNG.integers(0, 9, (32, 12))
SERIES = RNG.normal(size=(32, 10, 3)).astype("float32")
LOSS = "binary_crossentropy"
OFF = Constant(-50.0)


def chain(*inner, shape=(8,)):
    return keras.Sequential([keras.Input(shape), *inner])


def two_heads(activation="sigmoid", **options):
    inputs = keras.Input((8,))
    trunk = layers.Dense(8, "tanh")(inputs)
    good = layers.Dense(1, "sigmoid", name="good")(layers.Dense(8, "tanh")(trunk))
    other = layers.Dense(1, activation, name="other", **options)(layers.Dense(8, "tanh")(trunk))
    return keras.Model(inputs, [good, other])


def siamese():
    tower = chain(layers.Dense(8, "tanh"), layers.Dense(8, "tanh"))
    inputs = [keras.Input((8,)), keras.Input((8,))]
    distance = keras.ops.abs(tower(inputs[0]) - tower(inputs[1]))
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(distance))


def weak_branch():
    inputs = keras.Input((8,))
    strong = layers.Dense(8, "tanh", name="strong")(inputs)
    weak = layers.Rescaling(1e-5)(layers.Dense(8, "tanh", name="weak")(inputs))
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(strong + weak))


def transformer(scale):
    options = {"kernel_initializer": RandomNormal(0, scale)}
    inputs = keras.Input((12,), dtype="int32")
    x = layers.Embedding(9, 8)(inputs)
    for _ in range(3):
        x = layers.MultiHeadAttention(2, 4, **options)(x, x)
        x = layers.Dense(8, **options)(layers.Dense(16, "relu", **options)(x))
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling1D()(x)))


def own(options):
    """Initializers of their own for a layer: one object draws the same numbers."""
    return {
        name: each.clone() if isinstance(each, keras.initializers.Initializer) else each
        for name, each in options.items()
    }


def recurrent(cell, **options):
    stack = [cell(16, return_sequences=place < 2, **own(options)) for place in range(3)]
    return chain(*stack, layers.Dense(8, "relu"), layers.Dense(1), shape=(10, 3))


def deep(count, activation, initializer, units=32):
    hidden = [
        layers.Dense(units, activation, kernel_initializer=initializer.clone())
        for _ in range(count)
    ]
    return chain(*hidden, layers.Dense(1, "sigmoid"))


def dead_branch():
    inputs = keras.Input((8,))
    trunk = layers.Dense(8, "tanh")(inputs)
    dead = layers.Dense(8, "relu", bias_initializer=OFF, name="dead")(trunk)
    above = layers.Dense(1, name="above")(dead)
    good = layers.Dense(1, name="good")(layers.Dense(8, "relu")(trunk))
    return keras.Model(inputs, [above, good])


SHUT = {"bias_initializer": Constant(-15.0), "unit_forget_bias": False}
THREEFOLD = VarianceScaling(18.0)
SMALL = {name: RandomNormal(0, 0.001) for name in ("kernel_initializer", "recurrent_initializer")}
MODELS = {
    "two healthy heads": (two_heads, X, [Y, Y], ["mse", "mse"]),
    "ReLU head that is off": (
        lambda: two_heads("relu", bias_initializer=OFF), X, [Y, Y], ["mse", "mse"],
    ),
    "softmax head of one unit": (lambda: two_heads("softmax"), X, [Y, Y], ["mse", "mse"]),
    "saturated head": (
        lambda: two_heads("tanh", bias_initializer=OFF), X, [Y, Y], [LOSS, "mse"],
    ),
    "softmax over one unit that trains": (
        lambda: chain(layers.Dense(8, "tanh"), layers.Dense(1, "softmax", name="last")), X, Y, LOSS,
    ),
    "siamese": (siamese, [X, X[::-1].copy()], Y, LOSS),
    "weak branch": (weak_branch, X, Y, LOSS),
    "transformer, small weights": (lambda: transformer(0.02), WORDS, Y, LOSS),
    "LSTM": (lambda: recurrent(layers.LSTM), SERIES, Y, "mse"),
    "LSTM, small weights": (lambda: recurrent(layers.LSTM, **SMALL), SERIES, Y, "mse"),
    "LSTM, gates shut": (lambda: recurrent(layers.LSTM, **SHUT), SERIES, Y, "mse"),
    "dead branch": (dead_branch, X, [Y, Y], ["mse", "mse"]),
    "SimpleRNN, large weights": (
        lambda: recurrent(layers.SimpleRNN, activation="relu", recurrent_initializer=THREEFOLD),
        SERIES, Y, "mse",
    ),
    "tanh, small weights": (lambda: deep(9, "tanh", RandomNormal(0, 0.05)), X, Y, LOSS),
    "ReLU, Glorot": (lambda: deep(25, "relu", keras.initializers.GlorotNormal()), X, Y, LOSS),
    "ReLU, large weights": (lambda: deep(12, "relu", VarianceScaling(18.0)), X, Y, LOSS),
    "weaker than ReLU, He": (
        lambda: deep(20, lambda x: 0.3 * keras.ops.relu(x), keras.initializers.HeNormal()),
        X, Y, LOSS,
    ),
}  # fmt: skip


@cache
def diagnosis(name):
    return diagnosis_before_training(*MODELS[name])


pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")


@pytest.mark.parametrize(
    ("name", "reason", "remedy"),
    [
        ("ReLU head that is off", "the units of output layer other are off", "no activation"),
        (
            "softmax head of one unit",
            "the single unit of output layer other is always 1",
            "sigmoid with",
        ),
        ("saturated head", "output layer other is saturated", "from_logits"),
    ],
)
def test_one_silent_head_of_two_is_found_by_hand(name, reason, remedy):
    found = diagnosis(name)
    assert found["verdict"] == "no gradient"
    assert reason in found["reason"]
    assert remedy in found["advice"][0]
    causes = {layer["name"]: layer["zero_cause"] for layer in found["layers"]}
    assert causes["other/kernel"] == "saturation"
    assert causes["good/kernel"] == "none"


def test_two_heads_that_both_get_a_gradient_are_healthy():
    assert diagnosis("two healthy heads")["verdict"] == "healthy"


def test_a_softmax_over_one_unit_that_trains_is_noted():
    found = diagnosis("softmax over one unit that trains")
    assert found["verdict"] == "healthy"
    assert "softmax over the single unit of last always predicts 1" in found["notes"][0]


@pytest.mark.parametrize("name", ["two healthy heads", "siamese", "weak branch"])
def test_a_tree_or_a_shared_tower_is_no_chain(name):
    assert "study extensions" not in diagnosis(name)["evidence"]


def test_a_branch_with_hardly_any_signal_is_named_by_hand():
    (note,) = diagnosis("weak branch")["notes"]
    assert note.startswith("weak gets less than 1/1000 of the signal of strong")


def test_time_steps_are_said_not_to_be_compared():
    assert "not the time steps inside LSTM" in diagnosis("LSTM")["notes"][0]
    assert diagnosis("siamese")["notes"] == []


@pytest.mark.parametrize(
    ("name", "verdict", "first", "second"),
    [
        ("transformer, small weights", "vanishing", "glorot", "skip connection around each block"),
        ("SimpleRNN, large weights", "exploding", "weights of ordinary size", "global_clipnorm"),
        ("tanh, small weights", "vanishing", "glorot_uniform", "another learning rate"),
        ("ReLU, Glorot", "vanishing", "he_normal", "another learning rate"),
        ("ReLU, large weights", "exploding", "he_normal", "another learning rate"),
    ],
)
def test_remedies_by_hand(name, verdict, first, second):
    found = diagnosis(name)
    assert found["verdict"] == verdict
    assert first in found["advice"][0]
    assert second in found["advice"][1]


@pytest.mark.parametrize(
    ("name", "place", "evidence"),
    [
        ("transformer, small weights", 1, "models of the kind 'transformer, post-LN'"),
        ("LSTM, small weights", 0, "models of the kind 'LSTM, three layers'"),
        ("SimpleRNN, large weights", 0, "models of the kind 'SimpleRNN'"),
        ("ReLU, Glorot", 0, "networks of 20 dense ReLU layers of 10 units with He"),
    ],
)
def test_evidence_is_of_the_same_kind_of_model(name, place, evidence):
    assert evidence in diagnosis(name)["advice"][place]


def test_biases_are_advised_only_where_they_keep_units_off_or_gates_shut():
    assert diagnosis("dead branch")["advice"][0].startswith("biases that start at 0")
    assert "forget gates" in diagnosis("LSTM, gates shut")["advice"][0]
    (advice,) = diagnosis("LSTM, small weights")["advice"]
    assert advice.startswith("weights of ordinary size")


def test_a_dead_layer_is_the_cause_above_it_on_its_own_branch_by_hand():
    found = diagnosis("dead branch")
    causes = {layer["name"]: layer["zero_cause"] for layer in found["layers"]}
    assert (causes["dead/kernel"], causes["above/kernel"]) == ("dead", "dead")
    assert causes["good/kernel"] == "none"
    assert found["reason"] == "all units of dead are off"


def test_an_initializer_that_the_model_has_is_not_advised():
    assert not any("he_normal" in text for text in diagnosis("weaker than ReLU, He")["advice"])


def test_only_a_fault_that_training_brought_asks_for_a_smaller_rate():
    assert not any(
        "training brought" in each for name in MODELS for each in diagnosis(name)["advice"]
    )
    keras.utils.set_random_seed(1)
    model = deep(3, "relu", keras.initializers.HeNormal())
    model.compile(keras.optimizers.SGD(1e30), LOSS, jit_compile=False)
    probe = GradientProbe(X, Y, log=None)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[probe])
    (found,) = diagnose_logs([(probe.table(), probe.log.footer())])
    assert found["advice"][0].startswith("a smaller learning rate: training brought the fault")
    assert not any("he_normal" in text for text in found["advice"])
