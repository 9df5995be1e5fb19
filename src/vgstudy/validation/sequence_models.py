"""Families of recurrent and attention models, healthy or broken on purpose."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from keras.initializers import Constant, RandomNormal, VarianceScaling

from vgstudy.validation.cases import Case, chain, own, series, sigmoid, words


def _transformer(
    joined: Callable[[Any, Any], Any],
    before: bool,
    blocks: int = 3,
    inside: str = "relu",
    **options: Any,
) -> keras.Model:
    """Return a transformer; `joined` takes the input and the output of a branch."""
    inputs = keras.Input((12,), dtype="int32")
    x = layers.Embedding(20, 16)(inputs)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x) if before else x
        x = joined(x, layers.MultiHeadAttention(2, 8, **own(options))(y, y))
        y = layers.LayerNormalization()(x) if before else x
        y = layers.Dense(32, inside, **own(options))(y)
        x = joined(x, layers.Dense(16, **own(options))(y))
    pooled = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, sigmoid()(pooled))


def transformer_pre(broken: bool, rng: np.random.Generator) -> Case:
    """Return a pre-LN transformer; broken: six sigmoid blocks without either."""
    if broken:
        return Case(_transformer(lambda _, branch: branch, False, 6, "sigmoid"), *words(rng))
    return Case(_transformer(lambda x, branch: x + branch, before=True), *words(rng))


def transformer_post(broken: bool, rng: np.random.Generator) -> Case:
    """Return a post-LN transformer; broken: weights of .02 without normalisation or skips."""
    if broken:
        small = RandomNormal(0, 0.02)
        return Case(
            _transformer(lambda _, branch: branch, before=False, kernel_initializer=small),
            *words(rng),
        )
    return Case(
        _transformer(lambda x, branch: layers.LayerNormalization()(x + branch), before=False),
        *words(rng),
    )


def rnn(broken: bool, rng: np.random.Generator) -> Case:
    """Return a simple recurrent layer; broken: ReLU and recurrent weights three times too large."""
    options = {"activation": "relu", "recurrent_initializer": VarianceScaling(18.0)}
    recurrent = layers.SimpleRNN(16, **options if broken else {})
    return Case(chain((12, 3), recurrent, layers.Dense(16, "relu"), sigmoid()), *series(rng))


def gru(broken: bool, rng: np.random.Generator) -> Case:
    """Return two GRU layers; broken: update gates that stay shut."""
    # the biases of the three gates, for inputs and for the state
    shut = {"bias_initializer": Constant(15.0)} if broken else {}
    recurrent = [layers.GRU(16, return_sequences=True, **shut), layers.GRU(16, **shut)]
    return Case(chain((12, 3), *recurrent, layers.Dense(16, "relu"), sigmoid()), *series(rng))


def lstm(broken: bool, rng: np.random.Generator) -> Case:
    """Return an LSTM layer; broken: gates that stay shut."""
    shut = {"bias_initializer": Constant(-15.0), "unit_forget_bias": False} if broken else {}
    model = chain((12, 3), layers.LSTM(16, **shut), layers.Dense(16, "relu"), sigmoid())
    return Case(model, *series(rng))


def lstm_stack(broken: bool, rng: np.random.Generator) -> Case:
    """Return three LSTM layers; broken: weights of standard deviation .01."""
    names = ("kernel_initializer", "recurrent_initializer")
    small = {name: RandomNormal(0, 0.01) for name in names} if broken else {}
    stack = [layers.LSTM(12, return_sequences=place < 2, **own(small)) for place in range(3)]
    return Case(chain((12, 3), *stack, sigmoid()), *series(rng))


def embedding(broken: bool, rng: np.random.Generator) -> Case:
    """Return a mean of embeddings and a classifier; broken: a softmax over one unit."""
    inner = [layers.Embedding(20, 16), layers.GlobalAveragePooling1D(), layers.Dense(16, "relu")]
    output = layers.Dense(1, "softmax") if broken else sigmoid()
    model = keras.Sequential([keras.Input((12,), dtype="int32"), *inner, output])
    return Case(model, *words(rng), "mse", keras.optimizers.Adam(0.01))
