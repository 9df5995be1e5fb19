"""Which file MNIST is read from. Reading it is `vgstudy.data.mnist`'s."""

import os
from pathlib import Path

from vgstudy.cells import Mnist


def name(path: str | None) -> None:
    """Let the process and those it starts take MNIST from a file, if one is named."""
    if path:
        os.environ[Mnist.variable] = str(Path(path).resolve())


def is_named() -> bool:
    """Whether the environment variable VGSTUDY_MNIST names a file."""
    return bool(os.environ.get(Mnist.variable))


def file() -> Path:
    """The file that the environment variable VGSTUDY_MNIST names, or else the one that Keras'
    loader keeps."""
    kept = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets/mnist.npz"
    return Path(os.environ.get(Mnist.variable) or kept)


def is_absent() -> bool:
    """Whether Keras has to download it: no file is named, and none is kept."""
    return not is_named() and not file().exists()
