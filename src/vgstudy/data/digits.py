"""scikit-learn's embedded digits."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from vgstudy.cells import Digits
from vgstudy.data.sample import Sample, one_hot

BRIGHTEST = 16


def draw(task: Digits, stream: np.random.SeedSequence) -> Sample:
    """Draw which images train."""
    images, labels = _digits()
    order = np.random.default_rng(stream).permutation(len(images))
    x, y = (images[order] / BRIGHTEST).astype("float32"), one_hot(labels[order], task.outputs)
    return Sample(x[: task.train], y[: task.train], x[task.train :], y[task.train :])


@cache
def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images (image, pixel) and labels (image,), read once per process."""
    images, labels = load_digits(return_X_y=True)
    return images, labels
