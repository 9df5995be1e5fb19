"""Two circles."""

import numpy as np
from sklearn import config_context
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler

from vgstudy.cells import Circles
from vgstudy.data.sample import Sample


def draw(task: Circles, stream: np.random.SeedSequence) -> Sample:
    """Draw circles, scaled over the `samples` rows together; fresh rows are drawn after them and
    scaled alike."""
    state = np.random.RandomState(
        np.random.MT19937(stream) if task.random_state is None else task.random_state
    )
    with config_context(
        assume_finite=True, skip_parameter_validation=True
    ):  # checks of scikit-learn take a sixth of the time
        x, y = make_circles(task.samples, noise=task.noise, factor=task.factor, random_state=state)
        x_fresh, y_fresh = x[:0], y[:0]
        if task.fresh:
            x_fresh, y_fresh = make_circles(
                task.fresh, noise=task.noise, factor=task.factor, random_state=state
            )
        if task.scale is not None:
            scaler = MinMaxScaler(task.scale).fit(x)
            x, x_fresh = scaler.transform(x), scaler.transform(x_fresh) if task.fresh else x_fresh
    inputs = np.concatenate([x, x_fresh]).astype("float32")
    targets = np.concatenate([y, y_fresh])[:, None].astype("float32")
    return Sample(
        inputs[: task.train], targets[: task.train], inputs[task.train :], targets[task.train :]
    )
