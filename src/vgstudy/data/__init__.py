"""Task arrays: what a run trains and is tested on."""

import numpy as np

from vgstudy.cells import Circles, Digits, Task
from vgstudy.data import circles, digits, mnist
from vgstudy.data.sample import Sample

__all__ = ["Sample", "sample"]


def sample(task: Task, stream: np.random.SeedSequence) -> Sample:
    """The task's sample, drawn from a random stream where it is drawn.

    Parameters
    ----------
    task
        What to draw.
    stream
        The run's own stream; equal streams give equal samples.

    Raises
    ------
    UserError
        If MNIST is asked for and its file is missing, truncated or another one.
    """
    if isinstance(task, Circles):
        return circles.draw(task, stream)
    return digits.draw(task, stream) if isinstance(task, Digits) else mnist.split(task)
