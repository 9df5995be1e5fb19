"""The arguments of a `GradientProbe`: its settings and its probe set, the fixed examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from reprlib import repr as short
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgstudy.errors import UserError
from vgstudy.probe.keras_internals import reason

FOLDER_NAME = (
    "up to 100 printable characters that can name a folder, without / or blanks at the ends"
)


@dataclass
class Settings:
    """The arguments of `GradientProbe` without its probe set; paths are expanded.

    Raises
    ------
    UserError
        About the first wrong argument.
    """

    examples: int
    every: int
    log: Path | None
    tensorboard: Path | None
    name: str | None
    seed: int
    training: bool

    def __post_init__(self) -> None:
        is_seed = _is_whole(self.seed) and 0 <= self.seed < 2**31
        for name in ("examples", "every"):
            number = getattr(self, name)
            self._check(name, _is_whole(number) and number >= 1, "a whole number from 1")
        given, self.log = self.log, self._path("log")
        is_file_name = self.log is None or (self.log.suffix == ".parquet" and not self.log.is_dir())
        self._check("log", is_file_name, "a file's path ending in .parquet, or None", given)
        self.tensorboard = self._path("tensorboard")
        is_folder = self.tensorboard is None or not self.tensorboard.is_file()
        self._check("tensorboard", is_folder, "a folder's path, or None")
        self._check("name", self.name is None or names_a_folder(self.name), FOLDER_NAME)
        self._check("seed", is_seed, "a whole number from 0 to 2147483647")
        self._check("training", isinstance(self.training, bool), "True or False")
        # NumPy's integers cannot be written as JSON
        self.examples, self.every, self.seed = map(int, (self.examples, self.every, self.seed))

    def _path(self, name: str) -> Path | None:
        path = getattr(self, name)
        # an empty text would be the current folder
        is_path = path is None or (isinstance(path, str | Path) and path != "")
        self._check(name, is_path, "a path, or None")
        return path and Path(path).expanduser()

    def _check(self, name: str, is_allowed: bool, allowed: str, given: Any = None) -> None:
        if not is_allowed:
            value = getattr(self, name) if given is None else given
            value = _one_line(str(value) if isinstance(value, Path) else value)
            raise UserError(f"GradientProbe: {name}={value}: allowed is {allowed}")


def check_name(name: str) -> None:
    """Raise `UserError` unless a model's name can be used as the setting `name`."""
    if not names_a_folder(name):
        raise UserError(
            f"GradientProbe: the model's name {_one_line(name)} cannot name a folder; "
            f"set name=, {FOLDER_NAME}"
        )


def names_a_folder(name: Any) -> bool:
    """Return whether a value is a text that can name one folder."""
    if not isinstance(name, str) or not 0 < len(name) <= 100 or name in (".", ".."):
        return False
    return name.isprintable() and name == name.strip() and "/" not in name


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _one_line(value: Any) -> str:
    """Return a value as Python shows it, shortened and on one line."""
    return " ".join(short(value).split())


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


def make_probe_set(x: Any, y: Any, sample_weight: Any, examples: int) -> ProbeSet:
    """Return the probe set as tensors, of at most this many examples.

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
    tensors, count = _some(tensors, counts.pop(), examples)
    for weights in keras.tree.flatten(tensors.get("sample_weight", [])):
        if not np.any(weights != 0):
            raise UserError(
                "GradientProbe: sample_weight must be numbers, not all 0, such as np.ones(len(x))"
            )
    return ProbeSet(tensors.get("x"), tensors.get("y"), tensors.get("sample_weight"), count)


def _some(tensors: Any, count: int, limit: int) -> tuple[Any, int]:
    """Return at most `limit` of `count` examples, the same ones in each call, and their number."""
    if count <= limit:
        return tensors, count
    rows = np.sort(np.random.default_rng(0).choice(count, limit, replace=False))
    return keras.tree.map_structure(lambda leaf: tf.gather(leaf, rows), tensors), limit


def _shapes(part: Any) -> Any:
    return keras.tree.map_structure(lambda leaf: None if leaf is None else tuple(leaf.shape), part)


def _any_batch(leaf: Any) -> Any:
    return None if leaf is None else tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype)


def _tensors(name: str, part: Any) -> Any:
    if source := _source(part):
        raise UserError(f"GradientProbe: {name} is {source}, then pass arrays: GradientProbe(x, y)")
    allowed = (
        f"{name} must be an array, as for model.fit, or a list or dict of arrays, "
        f"one for each part; {_conversion(name, part)}"
    )
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


def _source(part: Any) -> str:
    """Return what gives batches but is no array, and how to take one; empty for anything else."""
    if isinstance(part, tf.data.Dataset):
        return "a Dataset: first take a batch, x, y = next(iter(dataset.unbatch().batch(128)))"
    if isinstance(part, keras.utils.PyDataset):
        return "a PyDataset: first take a batch, x, y = dataset[0]"
    if isinstance(part, Iterator):
        return "a generator: first take a batch, x, y = next(generator)"
    if callable(part):
        return "a function: first call it, x, y = next(function()) if it makes a generator"
    return ""


def _conversion(name: str, part: Any) -> str:
    """Return how to make an array of what was given as x, y or sample_weight."""
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
