"""Twenty families of small models, each healthy and broken on purpose.

The truth about a model is how it was built: what a broken one has that the healthy one of its
family has not. The first, third, fifth ... family chose the thresholds of `probe.rules`; the
others, which were not looked at before, judge them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers
from keras.initializers import Constant, HeNormal, RandomNormal, RandomUniform, VarianceScaling

from vgstudy.validation.cases import (
    EXAMPLES,
    Case,
    chain,
    dense,
    images,
    own,
    series,
    sigmoid,
    vectors,
    words,
)

Build = Callable[[bool, np.random.Generator], Case]


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes
    ----------
    name
        In words, such as "two GRU layers".
    fault
        What the broken model has, in words.
    truth
        The verdict that names the fault.
    build
        Makes the healthy model (False) or the broken one (True), with its data from a generator.
    """

    name: str
    fault: str
    truth: str
    build: Build = field(repr=False)


FAMILIES: list[Family] = []


def family(name: str, fault: str, truth: str) -> Callable[[Build], Build]:
    """Register the decorated function, which builds a family; see `Family`."""

    def register(build: Build) -> Build:
        FAMILIES.append(Family(name, fault, truth, build))
        return build

    return register


@family("dense, ReLU", "ten sigmoid layers", "vanishing")
def mlp_relu(broken: bool, rng: np.random.Generator) -> Case:
    """Return dense ReLU layers."""
    hidden = dense(10, 16, "sigmoid") if broken else dense(4, 16, "relu")
    return Case(chain((8,), *hidden, sigmoid()), *vectors(rng))


@family("dense, tanh", "inputs 100 times too large", "saturated")
def mlp_tanh(broken: bool, rng: np.random.Generator) -> Case:
    """Return dense tanh layers."""
    x, y = vectors(rng)
    model = chain((8,), *dense(3, 16, "tanh"), sigmoid())
    return Case(model, x * 100 if broken else x, y)


@family("dense, batch normalisation", "no normalisation, weights from U(0, 1)", "saturated")
def mlp_normalised(broken: bool, rng: np.random.Generator) -> Case:
    """Return dense tanh layers with batch normalisation."""
    inner: list[keras.Layer] = []
    for _ in range(6):
        uniform = RandomUniform(0, 1) if broken else "glorot_uniform"
        inner.append(layers.Dense(16, kernel_initializer=uniform))
        inner += [] if broken else [layers.BatchNormalization()]
        inner.append(layers.Activation("tanh"))
    return Case(chain((8,), *inner, sigmoid()), *vectors(rng))


@family("regression", "ReLU output, targets below 0", "no gradient")
def regression(broken: bool, rng: np.random.Generator) -> Case:
    """Return a regression on targets below zero."""
    x, y = vectors(rng)
    output = layers.Dense(1, "relu" if broken else None)
    model = chain((8,), *dense(3, 16, "relu"), output)
    return Case(model, x, y - 3 + x[:, :1], "mse", keras.optimizers.Adam(0.01))


@family("CNN", "weights of sd .01", "vanishing")
def cnn(broken: bool, rng: np.random.Generator) -> Case:
    """Return convolutions without normalisation."""
    start = RandomNormal(0, 0.01) if broken else HeNormal()
    maps = [
        layers.Conv2D(8, 3, padding="same", activation="relu", **own({"kernel_initializer": start}))
        for _ in range(6)
    ]
    model = chain((12, 12, 1), *maps, layers.GlobalAveragePooling2D(), sigmoid())
    return Case(model, *images(rng))


@family("CNN, batch normalisation", "no normalisation, sigmoid", "vanishing")
def cnn_normalised(broken: bool, rng: np.random.Generator) -> Case:
    """Return convolutions with batch normalisation."""
    inner: list[keras.Layer] = []
    for _ in range(8):
        inner.append(layers.Conv2D(8, 3, padding="same", use_bias=broken))
        inner += [] if broken else [layers.BatchNormalization()]
        inner.append(layers.Activation("sigmoid" if broken else "relu"))
    model = chain((12, 12, 1), *inner, layers.GlobalAveragePooling2D(), sigmoid())
    return Case(model, *images(rng))


@family("ResNet", "no normalisation, weights 3 times too large", "exploding")
def resnet(broken: bool, rng: np.random.Generator) -> Case:
    """Return residual blocks."""
    scale = {"kernel_initializer": VarianceScaling(18.0)} if broken else {}
    inputs = keras.Input((12, 12, 1))
    x = layers.Conv2D(8, 3, padding="same")(inputs)
    for _ in range(5):
        y = x if broken else layers.BatchNormalization()(x)
        y = layers.Conv2D(8, 3, padding="same", **own(scale))(layers.ReLU()(y))
        y = y if broken else layers.BatchNormalization()(y)
        x = x + layers.Conv2D(8, 3, padding="same", **own(scale))(layers.ReLU()(y))
    outputs = sigmoid()(layers.GlobalAveragePooling2D()(x))
    return Case(keras.Model(inputs, outputs), *images(rng))


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


@family("transformer, pre-LN", "six blocks, no normalisation, no skips, sigmoid", "vanishing")
def transformer_pre(broken: bool, rng: np.random.Generator) -> Case:
    """Return a pre-LN transformer."""
    if broken:
        return Case(_transformer(lambda _, branch: branch, False, 6, "sigmoid"), *words(rng))
    return Case(_transformer(lambda x, branch: x + branch, before=True), *words(rng))


@family("transformer, post-LN", "no normalisation, no skips, weights of sd .02", "vanishing")
def transformer_post(broken: bool, rng: np.random.Generator) -> Case:
    """Return a post-LN transformer."""
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


@family("SimpleRNN", "ReLU, recurrent weights 3 times too large", "exploding")
def rnn(broken: bool, rng: np.random.Generator) -> Case:
    """Return a simple recurrent layer."""
    options = {"activation": "relu", "recurrent_initializer": VarianceScaling(18.0)}
    recurrent = layers.SimpleRNN(16, **options if broken else {})
    return Case(chain((12, 3), recurrent, layers.Dense(16, "relu"), sigmoid()), *series(rng))


@family("GRU, two layers", "update gates shut", "vanishing")
def gru(broken: bool, rng: np.random.Generator) -> Case:
    """Return two GRU layers."""
    # the biases of the three gates, for inputs and for the state
    shut = {"bias_initializer": Constant(15.0)} if broken else {}
    recurrent = [layers.GRU(16, return_sequences=True, **shut), layers.GRU(16, **shut)]
    return Case(chain((12, 3), *recurrent, layers.Dense(16, "relu"), sigmoid()), *series(rng))


@family("LSTM, one layer", "gates shut", "vanishing")
def lstm(broken: bool, rng: np.random.Generator) -> Case:
    """Return an LSTM layer."""
    shut = {"bias_initializer": Constant(-15.0), "unit_forget_bias": False} if broken else {}
    model = chain((12, 3), layers.LSTM(16, **shut), layers.Dense(16, "relu"), sigmoid())
    return Case(model, *series(rng))


@family("LSTM, three layers", "weights of sd .01", "vanishing")
def lstm_stack(broken: bool, rng: np.random.Generator) -> Case:
    """Return three LSTM layers."""
    names = ("kernel_initializer", "recurrent_initializer")
    small = {name: RandomNormal(0, 0.01) for name in names} if broken else {}
    stack = [layers.LSTM(12, return_sequences=place < 2, **own(small)) for place in range(3)]
    return Case(chain((12, 3), *stack, sigmoid()), *series(rng))


@family("autoencoder", "twice as deep, sigmoid", "vanishing")
def autoencoder(broken: bool, rng: np.random.Generator) -> Case:
    """Return a dense autoencoder."""
    hidden = rng.normal(size=(EXAMPLES, 4))
    x = (hidden @ rng.normal(size=(4, 12))).astype("float32")
    widths = (16, 16, 12, 8, 4, 8, 12, 16, 16) if broken else (16, 8, 4, 8, 16)
    inner = [layers.Dense(width, "sigmoid" if broken else "relu") for width in widths]
    return Case(chain((12,), *inner, layers.Dense(12)), x, x, "mse")


@family("convolutional autoencoder", "learning rate 1", "dying ReLU")
def autoencoder_images(broken: bool, rng: np.random.Generator) -> Case:
    """Return a convolutional autoencoder."""
    x, _ = images(rng)
    inner = [
        layers.Conv2D(8, 3, 2, padding="same", activation="relu"),
        layers.Conv2D(16, 3, 2, padding="same", activation="relu"),
        layers.Conv2DTranspose(8, 3, 2, padding="same", activation="relu"),
        layers.Conv2DTranspose(8, 3, 2, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same"),
    ]
    optimizer = keras.optimizers.Adam(1.0 if broken else 0.001)
    return Case(chain((12, 12, 1), *inner), x, x, "mse", optimizer)


@family("siamese", "weights 30 times too large", "saturated")
def siamese(broken: bool, rng: np.random.Generator) -> Case:
    """Return two inputs with one tower."""
    scale = VarianceScaling(900.0, "fan_avg") if broken else VarianceScaling(1.0, "fan_avg")
    tower = chain((8,), *dense(3, 16, "tanh", kernel_initializer=scale))
    inputs = [keras.Input((8,)), keras.Input((8,))]
    distance = keras.ops.abs(tower(inputs[0]) - tower(inputs[1]))
    first, _ = vectors(rng)
    same = rng.integers(0, 2, (EXAMPLES, 1)).astype("float32")
    second = np.where(same > 0, first, rng.permutation(first)).astype("float32")
    second += 0.1 * rng.normal(size=first.shape).astype("float32")
    return Case(keras.Model(inputs, sigmoid()(distance)), [first, second], same)


@family("two outputs", "softmax over one unit in both", "no gradient")
def two_outputs(broken: bool, rng: np.random.Generator) -> Case:
    """Return a trunk with two outputs."""
    inputs = keras.Input((8,))
    x = inputs
    for layer in dense(2, 16, "relu"):
        x = layer(x)
    last = "softmax" if broken else "sigmoid"
    outputs = [layers.Dense(1, last)(layers.Dense(8, "relu")(x)) for _ in range(2)]
    data, y = vectors(rng)
    return Case(keras.Model(inputs, outputs), data, [y, 1 - y], ["mse", "mse"])


@family("embedding", "softmax over one unit", "no gradient")
def embedding(broken: bool, rng: np.random.Generator) -> Case:
    """Return a mean of embeddings and a classifier."""
    inner = [layers.Embedding(20, 16), layers.GlobalAveragePooling1D(), layers.Dense(16, "relu")]
    output = layers.Dense(1, "softmax") if broken else sigmoid()
    model = keras.Sequential([keras.Input((12,), dtype="int32"), *inner, output])
    return Case(model, *words(rng), "mse", keras.optimizers.Adam(0.01))


@family("transfer learning", "features 100 times too large", "saturated")
def transfer(broken: bool, rng: np.random.Generator) -> Case:
    """Return a new tanh head on a frozen base."""
    base = chain((8,), *dense(3, 32, "relu", kernel_initializer=HeNormal()))
    base.trainable = False
    scaled = layers.Rescaling(100.0 if broken else 1.0)
    model = chain((8,), base, scaled, *dense(2, 16, "tanh"), sigmoid())
    return Case(model, *vectors(rng))


@family("U-Net", "biases of -10", "dying ReLU")
def unet(broken: bool, rng: np.random.Generator) -> Case:
    """Return a small U-Net."""
    options = {"padding": "same", "activation": "relu"}
    options |= {"bias_initializer": Constant(-10.0)} if broken else {}
    inputs = keras.Input((12, 12, 1))
    top = layers.Conv2D(8, 3, **own(options))(inputs)
    low = layers.Conv2D(16, 3, **own(options))(layers.MaxPooling2D()(top))
    low = layers.Conv2D(16, 3, **own(options))(low)
    joined = layers.Concatenate()([top, layers.UpSampling2D()(low)])
    x = layers.Conv2D(8, 3, **own(options))(joined)
    pictures, _ = images(rng)
    outputs = layers.Conv2D(1, 1, activation="sigmoid")(x)
    return Case(keras.Model(inputs, outputs), pictures, (pictures > 1).astype("float32"))
