"""A cell: one configuration without its seed, and its identity.

The id is a hash of the fields that differ from their defaults, so a field added later keeps every old id.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A model whose fields never change and whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ignored_types=(cached_property,))


class KerasObject(Frozen):
    """A Keras activation, initializer or optimizer by Keras' own name, with the arguments that differ from Keras' defaults."""

    class_name: str
    config: dict[str, Any] = {}


class Circles(Frozen):
    """Two noisy concentric circles, `sklearn.datasets.make_circles`; the first `train` rows train, the others test."""

    name: Literal["circles"]
    samples: int = Field(1000, ge=4, le=1_000_000)
    train: int = Field(500, ge=1)
    noise: float = Field(0.1, ge=0)
    factor: float = Field(0.8, ge=0, lt=1)
    scale: tuple[float, float] | None = (-1.0, 1.0)

    inputs: ClassVar[int] = 2
    outputs: ClassVar[int] = 1
    loss: ClassVar[str] = "binary"  # a key of `losses.LOSSES`
    chance: ClassVar[float] = 0.5  # accuracy of a guess

    @property
    def test(self) -> int:
        """Rows that test."""
        return self.samples - self.train


Task = Annotated[Circles, Field()]
TASKS: Mapping[str, type[Circles]] = {"circles": Circles}


class Cell(Frozen):
    """One configuration without its seed: all that a run's numbers depend on beside the seed."""

    task: Task
    depth: int = Field(ge=1)
    width: int = Field(ge=1)
    activation: KerasObject
    initializer: KerasObject
    optimizer: KerasObject
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    study_seed: int = Field(0, ge=0)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the cell's non-default fields in sorted JSON."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json", exclude_defaults=True)).encode()).digest()

    @cached_property
    def id(self) -> str:
        """Readable slug and eight hexadecimal digits of the digest, such as `circles-5x5-tanh-heuniform-sgd-1a2b3c4d`."""
        names = (self.activation, self.initializer, self.optimizer)
        parts = (self.task.name, f"{self.depth}x{self.width}", *(re.sub(r"\W", "", o.class_name).lower() for o in names))
        return "-".join((*parts, self.digest.hex()[:8]))


class Run(Frozen):
    """A cell trained once: cell x seed."""

    cell: Cell
    seed: int = Field(ge=0)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
