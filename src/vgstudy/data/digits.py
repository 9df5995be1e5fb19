"""scikit-learn's embedded digits."""

import numpy as np
from sklearn.datasets import load_digits

from vgstudy.cells import Digits
from vgstudy.data.sample import Sample, one_hot

BRIGHTEST = 16


def draw(task: Digits, stream: np.random.SeedSequence) -> Sample:
    """Draw which images train."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(stream).permutation(len(images))
    x, y = (images[order] / BRIGHTEST).astype("float32"), one_hot(labels[order], task.outputs)
    return Sample(x[: task.train], y[: task.train], x[task.train :], y[task.train :])
