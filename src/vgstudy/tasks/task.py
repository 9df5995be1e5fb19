"""What every task has: settings, arrays and the text that describes it."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vgstudy.frozen import Frozen
from vgstudy.tasks.image_files import ImageFile


@dataclass(frozen=True)
class Sample:
    """Inputs (row, input) and targets (row, output) of the training and the test rows, float32;
    classes are one-hot."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.float32]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.float32]


class Task(Frozen):
    """A data set and how it is split; its fields are the keys of a study's `task`.

    Attributes
    ----------
    inputs, outputs
        Units of the input and the output layer.
    loss
        A key of `engine.network.LOSSES`.
    chance
        Accuracy of a guess.
    shared
        Whether the engine keeps one sample for all runs.
    file
        The file that the data come from, if any.
    train, test
        Rows that train and test.
    """

    inputs: ClassVar[int]
    outputs: ClassVar[int]
    loss: ClassVar[str]
    chance: ClassVar[float]
    shared: ClassVar[bool] = False
    file: ClassVar[ImageFile | None] = None

    name: str
    train: int

    @property
    @abstractmethod
    def test(self) -> int:
        """Rows that test."""

    @property
    def same_for_all_seeds(self) -> bool:
        """Whether every seed has the same sample."""
        return self.shared

    @property
    def holds_rows_out(self) -> bool:
        """Whether some rows of the sample itself are kept from training."""
        return True

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield key and text of each setting that contradicts another one."""
        yield from ()

    @abstractmethod
    def sample(self, stream: np.random.SeedSequence) -> Sample:
        """Return the sample of a run from its random stream; equal streams give equal samples.

        Raises
        ------
        UserError
            If the data's file is missing, damaged or another one.
        """

    @abstractmethod
    def description(self) -> str:
        """Return the task in a few sentences."""


def one_hot(labels: NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    """Return (row, class) zeros and a one from (row,) whole numbers below `classes`."""
    rows: NDArray[np.float32] = np.eye(classes, dtype="float32")[labels]
    return rows


def split(x: NDArray[np.float32], y: NDArray[np.float32], train: int) -> Sample:
    """Return the first `train` rows for training, the others for tests."""
    return Sample(x[:train], y[:train], x[train:], y[train:])
