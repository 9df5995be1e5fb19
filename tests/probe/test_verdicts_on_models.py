"""Verdicts on kinds of models, healthy and broken on purpose, before any training."""

import re
from functools import cache

import keras
import numpy as np
import pytest
from keras import layers
from keras.initializers import Constant, RandomNormal

from nets import diagnosis_before_training

RNG = np.random.default_rng(2)
X = RNG.normal(size=(32, 8)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
WORDS = RNG.integers(0, 9, (32, 12))
SERIES = RNG.normal(size=(32, 10, 3))
IMAGES = RNG.normal(size=(32, 16, 16, 2))
OFF = Constant(-50.0)
LOSS = "binary_crossentropy"


def chain(*inner, shape=(8,)):
    return keras.Sequential([keras.Input(shape), *inner])


def hidden(count, activation, units=8, **options):
    return [layers.Dense(units, activation, **options) for _ in range(count)]


def ending_in(activation, **options):
    return chain(*hidden(2, "tanh"), layers.Dense(1, activation, **options))


def transformer(before, blocks=2, scale=None):
    """A transformer with its normalisation before or after each branch."""
    options = {} if scale is None else {"kernel_initializer": RandomNormal(0, scale)}
    x = inputs = keras.Input((12,), dtype="int32")
    x = layers.Embedding(9, 8)(x)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x) if before else x
        y = layers.MultiHeadAttention(2, 4, **options)(y, y)
        x = x + y if before else layers.LayerNormalization()(x + y)
        y = layers.LayerNormalization()(x) if before else x
        y = layers.Dense(8, **options)(layers.Dense(16, "relu", **options)(y))
        x = x + y if before else layers.LayerNormalization()(x + y)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(x))


def recurrent(cell, count, dense, **options):
    stack = [cell(6, return_sequences=place < count - 1, **options) for place in range(count)]
    return chain(*stack, *hidden(dense, "tanh"), layers.Dense(1, "sigmoid"), shape=(10, 3))


def convolutional(count, activation="relu", **options):
    maps = [
        layers.Conv2D(6, 3, padding="same", activation=activation, **options) for _ in range(count)
    ]
    pooled = layers.GlobalAveragePooling2D()
    return chain(*maps, pooled, layers.Dense(1, "sigmoid"), shape=(16, 16, 2))


def residual():
    x = inputs = keras.Input((8,))
    for _ in range(8):
        x = x + layers.Dense(8, "sigmoid")(x)
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(x))


SHUT = {"bias_initializer": Constant(-20.0), "unit_forget_bias": False}
SMALL = {
    "kernel_initializer": RandomNormal(0, 1e-3),
    "recurrent_initializer": RandomNormal(0, 1e-3),
}

CASES = {
    "softmax over one unit": (lambda: ending_in("softmax"), X, "mse", "no gradient"),
    "softmax over one unit as a layer": (
        lambda: chain(*hidden(2, "tanh"), layers.Dense(1), layers.Softmax()),
        X,
        "mse",
        "no gradient",
    ),
    "ReLU output that is off": (
        lambda: ending_in("relu", bias_initializer=OFF), X, "mse", "no gradient",
    ),
    "ReLU output that is off, clipped loss": (
        lambda: ending_in("relu", bias_initializer=OFF), X, LOSS, "no gradient",
    ),
    "saturated sigmoid output": (
        lambda: ending_in("sigmoid", bias_initializer=OFF), X, "mse", "no gradient",
    ),
    "saturated tanh output": (
        lambda: ending_in("tanh", bias_initializer=OFF), X, "mse", "no gradient",
    ),
    "weights of zero": (
        lambda: chain(*hidden(2, "tanh", kernel_initializer="zeros"), layers.Dense(1, "sigmoid")),
        X,
        LOSS,
        "no gradient",
    ),
    "features near 0": (
        lambda: chain(layers.Rescaling(1e-12), layers.Dense(1, "sigmoid")), X, LOSS, "no gradient",
    ),
    "plain ReLU": (
        lambda: chain(*hidden(3, "relu"), layers.Dense(1, "sigmoid")), X, LOSS, "healthy",
    ),
    "deep sigmoid": (
        lambda: chain(*hidden(9, "sigmoid"), layers.Dense(1, "sigmoid")), X, LOSS, "vanishing",
    ),
    "deep sigmoid with skip connections": (residual, X, LOSS, "healthy"),
    "post-LN transformer": (lambda: transformer(False), WORDS, LOSS, "healthy"),
    "pre-LN transformer": (lambda: transformer(True), WORDS, LOSS, "healthy"),
    "LSTM": (lambda: recurrent(layers.LSTM, 3, 1), SERIES, LOSS, "healthy"),
    "LSTM, shut, two Dense": (
        lambda: recurrent(layers.LSTM, 3, 1, **SHUT), SERIES, LOSS, "vanishing",
    ),
    "LSTM, shut, one Dense": (
        lambda: recurrent(layers.LSTM, 3, 0, **SHUT), SERIES, LOSS, "vanishing",
    ),
    "GRU": (lambda: recurrent(layers.GRU, 2, 1), SERIES, LOSS, "healthy"),
    "GRU, shut": (
        lambda: recurrent(layers.GRU, 3, 1, bias_initializer=OFF), SERIES, LOSS, "vanishing",
    ),
    "SimpleRNN": (lambda: recurrent(layers.SimpleRNN, 1, 2), SERIES, LOSS, "healthy"),
    "SimpleRNN, small weights": (
        lambda: recurrent(layers.SimpleRNN, 3, 2, **SMALL), SERIES, LOSS, "vanishing",
    ),
    "CNN": (lambda: convolutional(4), IMAGES, LOSS, "healthy"),
    "CNN, deep sigmoid": (lambda: convolutional(8, "sigmoid"), IMAGES, LOSS, "vanishing"),
    "CNN, units off": (
        lambda: convolutional(3, bias_initializer=OFF), IMAGES, LOSS, "dying ReLU",
    ),
}  # fmt: skip


@cache
def diagnosis(case):
    build, x, loss, _ = CASES[case]
    return diagnosis_before_training(build, x, Y, loss)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")
@pytest.mark.parametrize("case", CASES)
def test_verdict_before_training(case):
    found = diagnosis(case)
    assert found["verdict"] == CASES[case][-1], found["compared"]
    assert bool(found["advice"]) == (found["verdict"] != "healthy")
    assert len(found["advice"]) <= 2


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")
@pytest.mark.parametrize(
    ("case", "reason", "remedy"),
    [
        ("softmax over one unit", "softmax over the single unit of .* is always 1", "sigmoid"),
        ("ReLU output that is off", r"output layer .* are off \(relu\)", "no activation"),
        ("ReLU output that is off, clipped loss", "loss does not change with the output", "no act"),
        ("features near 0", "sends a signal back, but what reaches it is too small", "inputs"),
        ("saturated sigmoid output", r"output layer .* is saturated \(sigmoid\)", "from_logits"),
    ],
)  # fmt: skip
def test_a_lost_gradient_has_a_reason_and_a_remedy(case, reason, remedy):
    found = diagnosis(case)
    assert re.search(reason, found["reason"])
    assert remedy in found["advice"][0]


def test_a_transformer_is_compared_along_the_path_of_the_signal():
    found = diagnosis("post-LN transformer")
    assert found["compared"]["lowest"].endswith("value/kernel")
    assert found["compared"]["left_out"] == [found["layers"][0]["name"]]
    stages = {layer["name"].split("/")[-2]: layer["stage"] for layer in found["layers"][:5]}
    assert stages["query"] == stages["key"] == stages["value"] == 2
    assert stages["attention_output"] == 3


def test_the_study_is_cited_for_plain_networks_and_the_table_of_models_for_others():
    assert "study extensions" in diagnosis("plain ReLU")["evidence"]
    for case in ("CNN", "LSTM", "deep sigmoid with skip connections"):
        evidence = diagnosis(case)["evidence"]
        assert "study extensions" not in evidence
        assert "docs/own-model.md" in evidence


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("deep sigmoid", "relu with he_normal instead of sigmoid (30 of 30 networks of 20 dense"),
        ("CNN, deep sigmoid", "relu with he_normal instead of sigmoid (models of the kind"),
        ("LSTM, shut, two Dense", "forget gates that start open"),
        ("CNN, units off", "biases that start at 0 (models of the kind 'U-Net': healthy in 10"),
    ],
)
def test_a_remedy_comes_with_its_evidence_by_hand(case, expected):
    assert diagnosis(case)["advice"][0].startswith(expected)
