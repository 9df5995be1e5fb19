"""Two noisy concentric circles."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from pydantic import Field

from vgstudy.formatting import MINUS
from vgstudy.tasks.task import Sample, Task, split


class Circles(Task):
    """Two noisy concentric circles, `sklearn.datasets.make_circles`; the first `train` rows train,
    the others test.

    `fresh` more rows, drawn by another call, test too. With `random_state` every seed has the one
    sample that `make_circles` gives for it; without, each seed draws its own.
    """

    inputs = 2
    outputs = 1
    loss = "binary"
    chance = 0.5

    name: Literal["circles"]
    samples: int = Field(1000, ge=4, le=1_000_000)
    train: int = Field(500, ge=1)
    noise: float = Field(0.1, ge=0)
    factor: float = Field(0.8, ge=0, lt=1)
    scale: tuple[float, float] | None = (-1.0, 1.0)
    fresh: int = Field(0, ge=0, le=1_000_000)
    random_state: int | None = Field(None, ge=0, le=2**32 - 1)

    @property
    def test(self) -> int:
        """Rows that test."""
        return self.samples - self.train + self.fresh

    @property
    def same_for_all_seeds(self) -> bool:
        """Whether `random_state` fixes the sample."""
        return self.random_state is not None

    @property
    def holds_rows_out(self) -> bool:
        """Whether some rows of the sample itself are kept from training."""
        return self.samples > self.train

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield key and text of each setting that contradicts another one."""
        if self.train > self.samples or not self.test:
            allowed = f"at most samples, {self.samples}, with fresh rows to test on, or below it"
            yield "train", f"must be {allowed}, not {self.train}"
        if self.scale and self.scale[0] >= self.scale[1]:
            yield "scale", "must be [low, high] with low below high"

    def sample(self, stream: np.random.SeedSequence) -> Sample:
        """Draw circles, scaled over the `samples` rows together; fresh rows are drawn after them
        and scaled alike."""
        from sklearn import config_context
        from sklearn.datasets import make_circles
        from sklearn.preprocessing import MinMaxScaler

        seed = np.random.MT19937(stream) if self.random_state is None else self.random_state
        settings: dict[str, Any] = {
            "noise": self.noise,
            "factor": self.factor,
            "random_state": np.random.RandomState(seed),
        }
        # scikit-learn's checks take a sixth of the time
        with config_context(assume_finite=True, skip_parameter_validation=True):
            x, y = make_circles(self.samples, **settings)
            x_fresh, y_fresh = x[:0], y[:0]
            if self.fresh:
                x_fresh, y_fresh = make_circles(self.fresh, **settings)
            if self.scale is not None:
                scaler = MinMaxScaler(self.scale).fit(x)
                x = scaler.transform(x)
                x_fresh = scaler.transform(x_fresh) if self.fresh else x_fresh
        inputs = np.concatenate([x, x_fresh]).astype("float32")
        targets = np.concatenate([y, y_fresh])[:, None].astype("float32")
        return split(inputs, targets, self.train)

    def description(self) -> str:
        """Return the task in a few sentences."""
        scale = ""
        if self.scale:
            low, high = (f"{end:g}".replace("-", MINUS) for end in self.scale)
            scale = f", each input scaled to [{low}, {high}]"
        tested = []
        if self.holds_rows_out:
            tested.append(f"the other {self.samples - self.train:,}")
        if self.fresh:
            tested.append(f"{self.fresh:,} points of another draw")
        fixed = f" Every seed has the sample of random_state={self.random_state}."
        return (
            "Task: tell two noisy concentric circles apart (scikit-learn's make_circles: "
            f"{self.samples:,} points, noise {self.noise:g}, radii 1 and {self.factor:g}{scale}). "
            f"The first {self.train:,} points train, {' and '.join(tested)} test."
            f"{fixed if self.same_for_all_seeds else ''}"
        )
