"""Images in ten classes: scikit-learn's digits, MNIST and Fashion-MNIST."""

from functools import cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vgstudy.tasks.image_files import CLASSES, SIDE, TEST, TRAIN, ImageFile
from vgstudy.tasks.task import Sample, Task, one_hot, split


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


@cache
def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return images (image, pixel) and labels (image,), read once per process."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images, labels


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
