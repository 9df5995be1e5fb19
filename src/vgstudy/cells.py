"""A cell: one configuration without its seed, and its identity.

The id is a hash of the fields that differ from their defaults, so a field added later keeps every
old id.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from math import ceil
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

EXAMPLES = (
    "probe set",
    "next mini-batch",
    "last mini-batch",
    "test mini-batch",
)  # what a gradient may be measured on
PROBE_SET, NEXT, LAST, TEST = EXAMPLES


class Frozen(BaseModel):
    """A model whose fields never change and whose unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, ignored_types=(cached_property,)
    )


class KerasObject(Frozen):
    """A Keras activation, initializer or optimizer by Keras' own name, with the arguments that
    differ from Keras' defaults."""

    class_name: str
    config: dict[str, Any] = {}


class Initializer(KerasObject):
    """How a net's kernels are drawn.

    Attributes
    ----------
    output
        Draws the output layer's kernel; None: as the hidden ones.
    tied
        Whether every layer is drawn from the same seed, as one initializer object given to every
        layer does in Keras 3: kernels of equal shape are then identical. Otherwise every layer is
        drawn independently.
    """

    output: KerasObject | None = None
    tied: bool = False


class Circles(Frozen):
    """Two noisy concentric circles, `sklearn.datasets.make_circles`; the first `train` rows train,
    the others test.

    `fresh` more rows, drawn by another call, test too. With `random_state` every seed has the one
    sample that `make_circles` gives for it; without, each seed draws its own.
    """

    name: Literal["circles"]
    samples: int = Field(1000, ge=4, le=1_000_000)
    train: int = Field(500, ge=1)
    noise: float = Field(0.1, ge=0)
    factor: float = Field(0.8, ge=0, lt=1)
    scale: tuple[float, float] | None = (-1.0, 1.0)
    fresh: int = Field(0, ge=0, le=1_000_000)
    random_state: int | None = Field(None, ge=0, le=2**32 - 1)

    inputs: ClassVar[int] = 2
    outputs: ClassVar[int] = 1
    loss: ClassVar[str] = "binary"  # a key of `losses.LOSSES`
    chance: ClassVar[float] = 0.5  # accuracy of a guess
    shared: ClassVar[bool] = False  # whether all runs have the same rows

    @property
    def test(self) -> int:
        """Rows that test."""
        return self.samples - self.train + self.fresh

    def problems(self) -> Iterator[tuple[str, str]]:
        """Key and text of what does not fit together."""
        if self.train > self.samples or not self.test:
            allowed = f"at most samples, {self.samples}, with fresh rows to test on, or below it"
            yield "train", f"must be {allowed}, not {self.train}"
        if self.scale and self.scale[0] >= self.scale[1]:
            yield "scale", "must be [low, high] with low below high"


class Digits(Frozen):
    """scikit-learn's 1,797 images of 8 x 8, pixels in [0, 1]; each seed draws which `train` of them
    train, the others test."""

    name: Literal["digits"]
    train: int = Field(1297, ge=10, le=1796)

    inputs: ClassVar[int] = 64
    outputs: ClassVar[int] = 10
    loss: ClassVar[str] = "categorical"
    chance: ClassVar[float] = 0.1
    shared: ClassVar[bool] = False

    @property
    def test(self) -> int:
        """Rows that test."""
        return 1797 - self.train

    def problems(self) -> Iterator[tuple[str, str]]:
        """Nothing: every number of training rows leaves test rows."""
        yield from ()


class Mnist(Frozen):
    """MNIST, pixels in [0, 1]: for every seed the first `train` training images train and the
    10,000 test images test."""

    name: Literal["mnist"]
    train: int = Field(55_000, ge=10, le=60_000)

    inputs: ClassVar[int] = 784
    outputs: ClassVar[int] = 10
    loss: ClassVar[str] = "categorical"
    chance: ClassVar[float] = 0.1
    shared: ClassVar[bool] = True
    test: ClassVar[int] = 10_000
    variable: ClassVar[str] = "VGSTUDY_MNIST"  # the environment variable that may name its file

    def problems(self) -> Iterator[tuple[str, str]]:
        """Nothing: the test images are others."""
        yield from ()


Task = Annotated[Circles | Digits | Mnist, Field(discriminator="name")]
TASKS: Mapping[str, type[Circles | Digits | Mnist]] = {
    "circles": Circles,
    "digits": Digits,
    "mnist": Mnist,
}


class Cell(Frozen):
    """One configuration without its seed: all that a run's numbers depend on beside the seed."""

    task: Task
    depth: int = Field(ge=1)
    width: int = Field(ge=1)
    activation: KerasObject
    initializer: Initializer
    optimizer: KerasObject
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    steps_per_epoch: int | None = Field(None, ge=1)
    study_seed: int = Field(0, ge=0)

    @property
    def steps_per_pass(self) -> int:
        """Optimizer steps of one pass over the training rows."""
        return ceil(self.task.train / self.batch_size)

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch: one pass over the training rows, unless `steps_per_epoch`
        says otherwise, as in Keras."""
        return self.steps_per_epoch or self.steps_per_pass

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the cell's non-default fields in sorted JSON."""
        return hashlib.sha256(
            canonical_json(self.model_dump(mode="json", exclude_defaults=True)).encode()
        ).digest()

    @cached_property
    def id(self) -> str:
        """Readable slug and eight hexadecimal digits of the digest, such as
        `circles-5x5-tanh-heuniform-sgd-1a2b3c4d`."""
        names = (self.activation, self.initializer, self.optimizer)
        parts = (
            self.task.name,
            f"{self.depth}x{self.width}",
            *(re.sub(r"\W", "", o.class_name).lower() for o in names),
        )
        return "-".join((*parts, self.digest.hex()[:8]))


class Run(Frozen):
    """A cell trained once: cell x seed."""

    cell: Cell
    seed: int = Field(ge=0)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
