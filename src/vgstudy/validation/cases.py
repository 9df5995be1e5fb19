"""What families of models share: data, and short names for layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

Array = NDArray[Any]
Options = dict[str, Any]

EXAMPLES = 256
CROSSENTROPY = "binary_crossentropy"


@dataclass(frozen=True)
class Case:
    """A model and what it is trained on.

    Attributes
    ----------
    x, y
        Inputs and targets, as for `fit`.
    loss, optimizer
        As for `compile`.
    """

    model: keras.Model
    x: Any
    y: Any
    loss: Any = CROSSENTROPY
    optimizer: Any = "adam"


def vectors(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return vectors, and which of them lie above a parabola."""
    x = rng.normal(size=(EXAMPLES, 8)).astype("float32")
    return x, (x[:, :1] + x[:, 1:2] ** 2 > 0.7).astype("float32")


def images(rng: np.random.Generator, size: int = 12) -> tuple[Array, Array]:
    """Return images, half of them with a bright square."""
    x = rng.normal(size=(EXAMPLES, size, size, 1)).astype("float32")
    y = rng.integers(0, 2, (EXAMPLES, 1)).astype("float32")
    x[y[:, 0] > 0, 2:6, 2:6] += 2
    return x, y


def series(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return time series, those of class 1 with a larger mean near the end."""
    x = rng.normal(size=(EXAMPLES, 12, 3)).astype("float32")
    return x, (x[:, -4:].mean((1, 2), keepdims=False)[:, None] > 0).astype("float32")


def words(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return sequences of words; class 1 has more of the first ten words of twenty."""
    x = rng.integers(0, 20, (EXAMPLES, 12))
    return x, ((x < 10).sum(1, keepdims=True) > 5).astype("float32")


def chain(shape: Sequence[int], *inner: keras.Layer) -> keras.Model:
    """Return a chain of layers for inputs of a shape."""
    return keras.Sequential([keras.Input(shape), *inner])


def dense(count: int, units: int, activation: str, **options: Any) -> list[keras.Layer]:
    """Return dense layers of equal width."""
    return [layers.Dense(units, activation, **own(options)) for _ in range(count)]


def own(options: Options) -> Options:
    """Return the options with initializers of their own: one object draws the same numbers."""
    return {
        name: each.clone() if isinstance(each, keras.initializers.Initializer) else each
        for name, each in options.items()
    }


def sigmoid() -> keras.Layer:
    """Return the output layer of two classes."""
    return layers.Dense(1, "sigmoid")
