"""Families of models of dense layers, healthy or broken on purpose."""

import keras
import numpy as np
from keras import layers
from keras.initializers import HeNormal, RandomUniform, VarianceScaling

from vgstudy.validation.cases import EXAMPLES, Case, chain, dense, sigmoid, vectors


def mlp_relu(broken: bool, rng: np.random.Generator) -> Case:
    """Return dense ReLU layers; broken: ten sigmoid layers."""
    hidden = dense(10, 16, "sigmoid") if broken else dense(4, 16, "relu")
    return Case(chain((8,), *hidden, sigmoid()), *vectors(rng))


def mlp_tanh(broken: bool, rng: np.random.Generator) -> Case:
    """Return dense tanh layers; broken: inputs a hundred times too large."""
    x, y = vectors(rng)
    model = chain((8,), *dense(3, 16, "tanh"), sigmoid())
    return Case(model, x * 100 if broken else x, y)


def mlp_normalised(broken: bool, rng: np.random.Generator) -> Case:
    """Return dense tanh layers with batch normalisation; broken: none, and weights from U(0, 1)."""
    inner: list[keras.Layer] = []
    for _ in range(6):
        uniform = RandomUniform(0, 1) if broken else "glorot_uniform"
        inner.append(layers.Dense(16, kernel_initializer=uniform))
        inner += [] if broken else [layers.BatchNormalization()]
        inner.append(layers.Activation("tanh"))
    return Case(chain((8,), *inner, sigmoid()), *vectors(rng))


def regression(broken: bool, rng: np.random.Generator) -> Case:
    """Return a regression on targets below zero; broken: with ReLU in the output layer."""
    x, y = vectors(rng)
    output = layers.Dense(1, "relu" if broken else None)
    model = chain((8,), *dense(3, 16, "relu"), output)
    return Case(model, x, y - 3 + x[:, :1], "mse", keras.optimizers.Adam(0.01))


def autoencoder(broken: bool, rng: np.random.Generator) -> Case:
    """Return a dense autoencoder; broken: twice as deep, with sigmoid for ReLU."""
    hidden = rng.normal(size=(EXAMPLES, 4))
    x = (hidden @ rng.normal(size=(4, 12))).astype("float32")
    widths = (16, 16, 12, 8, 4, 8, 12, 16, 16) if broken else (16, 8, 4, 8, 16)
    inner = [layers.Dense(width, "sigmoid" if broken else "relu") for width in widths]
    return Case(chain((12,), *inner, layers.Dense(12)), x, x, "mse")


def siamese(broken: bool, rng: np.random.Generator) -> Case:
    """Return two inputs with one tower; broken: its weights thirty times too large."""
    scale = VarianceScaling(900.0, "fan_avg") if broken else VarianceScaling(1.0, "fan_avg")
    tower = chain((8,), *dense(3, 16, "tanh", kernel_initializer=scale))
    inputs = [keras.Input((8,)), keras.Input((8,))]
    distance = keras.ops.abs(tower(inputs[0]) - tower(inputs[1]))
    first, _ = vectors(rng)
    same = rng.integers(0, 2, (EXAMPLES, 1)).astype("float32")
    second = np.where(same > 0, first, rng.permutation(first)).astype("float32")
    second += 0.1 * rng.normal(size=first.shape).astype("float32")
    return Case(keras.Model(inputs, sigmoid()(distance)), [first, second], same)


def two_outputs(broken: bool, rng: np.random.Generator) -> Case:
    """Return a trunk with two outputs; broken: a softmax over one unit in both."""
    inputs = keras.Input((8,))
    x = inputs
    for layer in dense(2, 16, "relu"):
        x = layer(x)
    last = "softmax" if broken else "sigmoid"
    outputs = [layers.Dense(1, last)(layers.Dense(8, "relu")(x)) for _ in range(2)]
    data, y = vectors(rng)
    return Case(keras.Model(inputs, outputs), data, [y, 1 - y], ["mse", "mse"])


def transfer(broken: bool, rng: np.random.Generator) -> Case:
    """Return a new tanh head on a frozen base; broken: its features a hundred times too large."""
    base = chain((8,), *dense(3, 32, "relu", kernel_initializer=HeNormal()))
    base.trainable = False
    scaled = layers.Rescaling(100.0 if broken else 1.0)
    model = chain((8,), base, scaled, *dense(2, 16, "tanh"), sigmoid())
    return Case(model, *vectors(rng))
