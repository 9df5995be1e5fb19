"""One sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """Inputs (row, input) and targets (row, output) of the training and the test rows, float32;
    classes are one-hot."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.float32]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.float32]


def one_hot(labels: NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    """(row,) whole numbers below `classes` -> (row, class) zeros and a one."""
    rows: NDArray[np.float32] = np.eye(classes, dtype="float32")[labels]
    return rows
