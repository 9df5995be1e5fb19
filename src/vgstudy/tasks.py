"""The tasks that networks learn, each a class with settings, arrays and the text that describes
them, entered in `TASKS`."""

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, ValidationInfo

from vgstudy.errors import among, first_problem, problem_at, show
from vgstudy.formatting import MINUS
from vgstudy.frozen import Frozen
from vgstudy.image_files import CLASSES, SIDE, TEST, TRAIN, ImageFile


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


class Digits(Task):
    """scikit-learn's 1,797 images of 8 x 8, pixels in [0, 1]; each seed draws which `train` of them
    train, the others test."""

    inputs = 64
    outputs = 10
    loss = "categorical"
    chance = 0.1

    name: Literal["digits"]
    train: int = Field(1297, ge=10, le=1796)

    @property
    def test(self) -> int:
        """Rows that test."""
        return 1797 - self.train

    def sample(self, stream: np.random.SeedSequence) -> Sample:
        """Draw which images train."""
        images, labels = _digits()
        order = np.random.default_rng(stream).permutation(len(images))
        brightest = 16
        inputs = (images[order] / brightest).astype("float32")
        return split(inputs, one_hot(labels[order], self.outputs), self.train)

    def description(self) -> str:
        """Return the task in a few sentences."""
        return (
            "Task: scikit-learn's 1,797 images of handwritten digits, 8 x 8 pixels in [0, 1], ten "
            f"classes. Every seed draws which {self.train:,} train; the other {self.test:,} test."
        )


class ImageTask(Task):
    """A data set of 28 x 28 images in a file, pixels in [0, 1]: for every seed the first `train`
    training images train and the 10,000 test images test."""

    inputs = SIDE * SIDE
    outputs = CLASSES
    loss = "categorical"
    chance = 1 / CLASSES
    shared = True
    file: ClassVar[ImageFile]

    train: int = Field(55_000, ge=10, le=TRAIN)

    @property
    def test(self) -> int:
        """Rows that test."""
        return TEST

    def sample(self, stream: np.random.SeedSequence) -> Sample:  # noqa: ARG002
        """Return the images; nothing is drawn."""
        arrays = self.file.load()
        x_train, x_test = (_pixels(arrays[name]) for name in ("x_train", "x_test"))
        y_train, y_test = (one_hot(arrays[name], CLASSES) for name in ("y_train", "y_test"))
        return Sample(x_train[: self.train], y_train[: self.train], x_test, y_test)

    def description(self) -> str:
        """Return the task in a few sentences."""
        return (
            f"Task: {self.file.title}, {SIDE} x {SIDE} pixels in [0, 1], ten classes. The first "
            f"{self.train:,} training images train and the {self.test:,} test images test, for "
            "every seed."
        )


class Mnist(ImageTask):
    """MNIST."""

    name: Literal["mnist"]
    file = ImageFile(
        title="MNIST",
        dataset="mnist",
        variable="VGSTUDY_MNIST",
        hashes=(
            ("x_train", "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
            ("y_train", "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
            ("x_test", "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
            ("y_test", "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
        ),
    )


class FashionMnist(ImageTask):
    """Fashion-MNIST, in any split of its 70,000 images into 60,000 and 10,000."""

    name: Literal["fashion_mnist"]
    file = ImageFile("Fashion-MNIST", "fashion_mnist", "VGSTUDY_FASHION_MNIST")


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (image, pixel) in [0, 1]."""
    brightest = 255
    return images.reshape(len(images), -1).astype("float32") / brightest  # type: ignore[return-value]


@cache
def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return images (image, pixel) and labels (image,), read once per process."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images, labels


TASKS: dict[str, type[Task]] = {
    "circles": Circles,
    "digits": Digits,
    "mnist": Mnist,
    "fashion_mnist": FashionMnist,
}


def use_files(paths: Any) -> None:
    """Make this process and those it starts read the files that a configuration names, each under
    its data set's name."""
    for task in TASKS.values():
        if task.file:
            task.file.use(getattr(paths, task.file.dataset))


def read_task(fields: Mapping[str, Any]) -> Task:
    """Return the task of a study's stored `task`; settings left at their default may be missing."""
    return TASKS[fields["name"]].model_validate(fields)


def _checked(value: Any, info: ValidationInfo) -> Any:
    """Return the task that `name` chooses; what is not a mapping is left to pydantic."""
    if not isinstance(value, Mapping):
        return value
    name = value.get("name")
    if name is None:
        raise problem_at("name", "is missing")
    if not isinstance(name, str) or name not in TASKS:
        raise problem_at("name", f"{show(name)} is not known; {among(str(name), TASKS)}")
    try:
        if info.mode == "json":
            return TASKS[name].model_validate_json(json.dumps(value), strict=True)
        return TASKS[name].model_validate(value)
    except ValidationError as error:
        raise problem_at(*first_problem(error, TASKS[name])) from None


AnyTask = Annotated[SerializeAsAny[Task], BeforeValidator(_checked)]
