"""Families of convolutional models, healthy or broken on purpose."""

import keras
import numpy as np
from keras import layers
from keras.initializers import Constant, HeNormal, RandomNormal, VarianceScaling

from vgstudy.validation.cases import Case, chain, images, own, sigmoid


def cnn(broken: bool, rng: np.random.Generator) -> Case:
    """Return convolutions without normalisation; broken: weights of standard deviation .01."""
    start = RandomNormal(0, 0.01) if broken else HeNormal()
    maps = [
        layers.Conv2D(8, 3, padding="same", activation="relu", **own({"kernel_initializer": start}))
        for _ in range(6)
    ]
    model = chain((12, 12, 1), *maps, layers.GlobalAveragePooling2D(), sigmoid())
    return Case(model, *images(rng))


def cnn_normalised(broken: bool, rng: np.random.Generator) -> Case:
    """Return convolutions with batch normalisation; broken: none, and sigmoid for ReLU."""
    inner: list[keras.Layer] = []
    for _ in range(8):
        inner.append(layers.Conv2D(8, 3, padding="same", use_bias=broken))
        inner += [] if broken else [layers.BatchNormalization()]
        inner.append(layers.Activation("sigmoid" if broken else "relu"))
    model = chain((12, 12, 1), *inner, layers.GlobalAveragePooling2D(), sigmoid())
    return Case(model, *images(rng))


def resnet(broken: bool, rng: np.random.Generator) -> Case:
    """Return residual blocks; broken: no normalisation, and weights three times too large."""
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


def autoencoder_images(broken: bool, rng: np.random.Generator) -> Case:
    """Return a convolutional autoencoder; broken: a learning rate of 1."""
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


def unet(broken: bool, rng: np.random.Generator) -> Case:
    """Return a small U-Net; broken: biases of -10."""
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
