"""The probe set: fixed examples on which a model is measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgstudy.errors import UserError
from vgstudy.probe.keras_internals import reason


@dataclass(frozen=True)
class ProbeSet:
    """Inputs, targets and weights of the examples as Keras takes them, as tensors.

    `examples` is their number.
    """

    x: Any
    y: Any
    sample_weight: Any
    examples: int

    def shapes(self) -> str:
        """Return the shapes of inputs and targets as text."""
        return f"x {_shapes(self.x)} and y {_shapes(self.y)}"

    def specs(self) -> list[Any]:
        """Return inputs, targets and weights as specifications of a batch of any size."""
        return [
            keras.tree.map_structure(_any_batch, part)
            for part in (self.x, self.y, self.sample_weight)
        ]

    def check_finite(self) -> None:
        """Raise `UserError` if a number is NaN or infinite.

        To be called when the loss is not finite: it is these numbers that would be diagnosed.
        """
        leaves = keras.tree.flatten((self.x, self.y, self.sample_weight))
        floats = [leaf.numpy() for leaf in leaves if leaf is not None and leaf.dtype.is_floating]
        if not all(np.isfinite(leaf).all() for leaf in floats):
            raise UserError(
                "GradientProbe: the probe set holds numbers that are not finite (NaN or infinite), "
                "and so is the model's loss on it; leave out or fix these examples"
            )


def make_probe_set(x: Any, y: Any, sample_weight: Any) -> ProbeSet:
    """Return the probe set as tensors.

    Raises
    ------
    UserError
        If inputs, targets and weights are not arrays or differ in their number of examples, targets
        are text, or weights are all zero.
    """
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    tensors = {name: _tensors(name, part) for name, part in parts.items() if part is not None}
    leaves = [leaf for part in tensors.values() for leaf in keras.tree.flatten(part)]
    counts = {leaf.shape[0] for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        sizes = ", ".join(f"{name} {_shapes(part)}" for name, part in tensors.items())
        raise UserError(
            "GradientProbe: probe set: every array must have the same number of rows, 1 or more; "
            f"the arrays are {sizes}"
        )
    for weights in keras.tree.flatten(tensors.get("sample_weight", [])):
        if not np.any(weights != 0):
            raise UserError(
                "GradientProbe: sample_weight must be numbers, not all 0, such as np.ones(len(x))"
            )
    return ProbeSet(tensors.get("x"), tensors.get("y"), tensors.get("sample_weight"), counts.pop())


def _shapes(part: Any) -> Any:
    return keras.tree.map_structure(lambda leaf: None if leaf is None else tuple(leaf.shape), part)


def _any_batch(leaf: Any) -> Any:
    return None if leaf is None else tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype)


def _tensors(name: str, part: Any) -> Any:
    allowed = (
        f"{name} must be an array, as for model.fit, or a list or dict of arrays, "
        f"one for each part; {_conversion(name, part)}"
    )
    if isinstance(part, tf.data.Dataset | keras.utils.PyDataset | Iterator):
        raise UserError(f"GradientProbe: {allowed}")
    try:
        tensors = keras.tree.map_structure(tf.convert_to_tensor, part)
    except (ValueError, TypeError) as error:
        raise UserError(f"GradientProbe: {allowed}: {reason(error)}") from None
    leaves = keras.tree.flatten(tensors)
    if not leaves or any(leaf.shape.rank == 0 for leaf in leaves):
        raise UserError(f"GradientProbe: {allowed}; this is {_kind(part)}")
    if name != "x" and any(leaf.dtype == tf.string for leaf in leaves):
        raise UserError(
            f"GradientProbe: {name} holds text; use numbers, as the loss takes them, "
            "such as the index of each class"
        )
    return tensors


def _conversion(name: str, part: Any) -> str:
    """Return how to make an array of what was given as x, y or sample_weight."""
    if isinstance(part, tf.data.Dataset):
        return "take examples from the Dataset: x, y = next(iter(dataset.unbatch().batch(256)))"
    if isinstance(part, keras.utils.PyDataset):
        return "take a batch of the PyDataset: x, y = dataset[0]"
    if isinstance(part, Iterator):
        return "take a batch from the generator: x, y = next(generator)"
    if isinstance(part, tf.SparseTensor):
        return f"use tf.sparse.to_dense({name})"
    if hasattr(part, "toarray"):
        return f"use {name}.toarray()"
    if hasattr(part, "to_numpy"):
        return f"use {name}.to_numpy('float32', na_value=np.nan) after encoding text as numbers"
    return f"use np.asarray({name})"


def _kind(part: Any) -> str:
    if isinstance(part, list | tuple) and part:
        return "a list of single values"
    return f"{type(part).__name__} {short(part)}"
