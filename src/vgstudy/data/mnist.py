"""MNIST: from a file that the user names, or from where Keras' own loader keeps it; either way its
arrays are checked by hash."""

import os
import zipfile
import zlib
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vgstudy.cells import Mnist
from vgstudy.config.mnist import file, is_absent
from vgstudy.data.sample import Sample, one_hot
from vgstudy.errors import UserError

BRIGHTEST = 255
HASHES = (
    MappingProxyType(  # SHA-256 of each array's bytes, uint8, as `keras.datasets.mnist` gives them
        {
            "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
            "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
            "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
            "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
        }
    )
)
REMEDY = (
    f"set `mnist:` in config.yaml or the environment variable {Mnist.variable} to an mnist.npz, such as the one that "
    "keras.datasets.mnist.load_data() keeps in ~/.keras/datasets on a machine with network"
)
Arrays = dict[str, NDArray[np.uint8]]


def split(task: Mnist) -> Sample:
    """The training and test rows of a task.

    Raises
    ------
    UserError
        If MNIST cannot be had, or is another file.
    """
    arrays = load()
    x_train, x_test = (_inputs(arrays[f"x_{part}"]) for part in ("train", "test"))
    y_train, y_test = (one_hot(arrays[f"y_{part}"], task.outputs) for part in ("train", "test"))
    return Sample(x_train[: task.train], y_train[: task.train], x_test, y_test)


def _inputs(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype("float32") / BRIGHTEST  # type: ignore[return-value]


def load() -> Arrays:
    """MNIST's four arrays, uint8, from the file that `config.mnist` tells.

    Raises
    ------
    UserError
        If the file is missing, damaged or another one.
    """
    return read(file())


def check() -> None:
    """Refuse a named or kept file that is not MNIST; one that is still to be downloaded is not
    there to be checked.

    Raises
    ------
    UserError
        If so, or if an environment variable looks like a misspelt VGSTUDY_MNIST.
    """
    for name in os.environ:
        if name != Mnist.variable and get_close_matches(name, [Mnist.variable], cutoff=0.9):
            raise UserError(f"{name}: no such environment variable; did you mean {Mnist.variable}?")
    if not is_absent():
        read(file())


@cache
def read(path: Path) -> Arrays:
    """MNIST from an `.npz` in the layout of `keras.datasets.mnist`.

    Raises
    ------
    UserError
        If the file is missing, damaged or holds other arrays.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("no regular file")
        with path.open("rb") as raw:
            if not zipfile.is_zipfile(raw):
                raise zipfile.BadZipFile("no zip archive")
        with np.load(path, allow_pickle=False) as file:
            if missing := [name for name in HASHES if name not in file.files]:
                raise UserError(f"{path}: lacks the array {missing[0]!r}; {REMEDY}")
            arrays = {name: file[name] for name in HASHES}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {REMEDY}") from None
    except (OSError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{path}: is no readable .npz, perhaps truncated ({error}); {REMEDY}"
        ) from None
    _check(arrays, str(path))
    return arrays


def _check(arrays: Arrays, where: str) -> None:
    for name, array in arrays.items():
        wanted = (28, 28) if name.startswith("x") else ()
        if array.dtype != np.uint8:
            raise UserError(f"{where}: {name} holds {array.dtype}, MNIST uint8; {REMEDY}")
        if array.shape[1:] != wanted:
            raise UserError(
                f"{where}: {name} has shape {array.shape}, MNIST {(len(array), *wanted)}; {REMEDY}"
            )
        if not wanted and array.max(initial=0) > 9:
            raise UserError(
                f"{where}: {name} has the label {array.max()}, MNIST only 0 to 9; {REMEDY}"
            )
    for name, array in arrays.items():
        if sha256(np.ascontiguousarray(array).tobytes()).hexdigest() != HASHES[name]:
            raise UserError(f"{where}: {name} is not MNIST's: its SHA-256 is another one; {REMEDY}")
