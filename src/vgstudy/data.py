"""Task arrays: what a run trains and is tested on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler

from vgstudy.cells import Circles, Task


@dataclass(frozen=True)
class Sample:
    """One drawn sample: inputs (row, input) and targets (row, output) of the training and the test rows, float32."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.float32]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.float32]


def sample(task: Task, stream: np.random.SeedSequence) -> Sample:
    """Draw the task's sample from a random stream.

    Parameters
    ----------
    task
        What to draw.
    stream
        The run's own stream; equal streams give equal samples.
    """
    return _circles(task, stream)


def _circles(task: Circles, stream: np.random.SeedSequence) -> Sample:
    state = np.random.RandomState(np.random.MT19937(stream))
    x, y = make_circles(task.samples, noise=task.noise, factor=task.factor, random_state=state)
    if task.scale is not None:
        x = MinMaxScaler(task.scale).fit_transform(x)
    x, y = x.astype("float32"), y[:, None].astype("float32")
    return Sample(x[: task.train], y[: task.train], x[task.train :], y[task.train :])
