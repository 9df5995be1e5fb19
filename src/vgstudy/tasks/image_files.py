"""Files of 28 x 28 images in ten classes, as `keras.datasets` keeps them: which file is
read, checks of its content, download."""

import os
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgstudy.errors import UserError

SIDE = 28
CLASSES = 10
TRAIN, TEST = 60_000, 10_000
NAMES = ("x_train", "y_train", "x_test", "y_test")
Arrays = dict[str, NDArray[np.uint8]]


@dataclass(frozen=True)
class ImageFile:
    """One data set as an `.npz` file of four arrays, uint8.

    Attributes
    ----------
    title
        The data set's name in messages.
    dataset
        Its name in `keras.datasets`, in `config.yaml` and of its file.
    variable
        The environment variable that may name its file.
    hashes
        SHA-256 of the bytes of `x_train` (image, row, column), `y_train` (image,), `x_test` and
        `y_test`, as `keras.datasets` gives them. Without hashes, 60,000 and 10,000 images with
        labels 0 to 9 are taken for the data set: copies in other splits exist.
    """

    title: str
    dataset: str
    variable: str
    hashes: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """The file that the environment variable names, or else the one that Keras keeps."""
        keras_home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
        return Path(
            os.environ.get(self.variable) or keras_home / "datasets" / f"{self.dataset}.npz"
        )

    @property
    def must_be_downloaded(self) -> bool:
        """Whether no file is named and Keras keeps none."""
        return not os.environ.get(self.variable) and not self.path.exists()

    @property
    def remedy(self) -> str:
        """What to do without a usable file."""
        return (
            f"set `{self.dataset}:` in config.yaml or the environment variable {self.variable} to "
            f"an {self.dataset}.npz, such as the one in ~/.keras/datasets after "
            f"keras.datasets.{self.dataset}.load_data() on a machine with network"
        )

    def use(self, path: str | None) -> None:
        """Make this process and those it starts read the named file, if one is named."""
        if path:
            os.environ[self.variable] = str(Path(path).resolve())

    def load(self) -> Arrays:
        """Return the four arrays.

        Raises
        ------
        UserError
            If the file is missing, damaged or holds other arrays.
        """
        return read(self, self.path)

    def check(self) -> None:
        """Check the file, unless it is still to be downloaded; raises as `load`."""
        if not self.must_be_downloaded:
            self.load()

    def download(self) -> None:
        """Let Keras download the data set, unless a file is named or kept.

        Raises
        ------
        UserError
            If it cannot be downloaded or stored, or the file holds other arrays.
        """
        if self.must_be_downloaded:
            try:
                self._download()
            except Exception as error:  # whatever Keras, the network and the disk raise
                reason = (str(error) or type(error).__name__).splitlines()[0]
                raise UserError(
                    f"{self.title} cannot be downloaded: {reason}; {self.remedy}"
                ) from None
        self.check()

    def _download(self) -> None:
        """Download by Keras' own loader and keep the arrays where it keeps no `.npz` of them."""
        from keras import datasets

        train, test = getattr(datasets, self.dataset).load_data()
        if not self.path.exists():
            arrays = dict(zip(NAMES, (*train, *test), strict=True))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(self.path, **arrays)


@cache
def read(file: ImageFile, path: Path) -> Arrays:
    """Return the arrays of a data set from a file, once per process.

    Raises
    ------
    UserError
        If the file is missing, damaged or holds other arrays.
    """
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in NAMES}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {file.remedy}") from None
    except (OSError, TypeError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        problem = f"is not a readable {file.dataset}.npz: it is truncated or lacks an array"
        raise UserError(f"{path}: {problem}; {file.remedy}") from None
    for name in NAMES:
        if not _is_original(arrays[name], name, dict(file.hashes).get(name)):
            raise UserError(f"{path}: {name} is not that of {file.title}; {file.remedy}")
    return arrays


def _is_original(array: NDArray[np.generic], name: str, digest: str | None) -> bool:
    """Return whether an array has the type, the shape and the bytes of the original; without
    digest, its number of rows and only labels of classes."""
    shape = (SIDE, SIDE) if name.startswith("x") else ()
    if array.dtype != np.uint8 or array.shape[1:] != shape:
        return False
    if digest is None:
        rows = TRAIN if name.endswith("train") else TEST
        return len(array) == rows and (name.startswith("x") or int(array.max()) < CLASSES)
    return sha256(np.ascontiguousarray(array).tobytes()).hexdigest() == digest
