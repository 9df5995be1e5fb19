"""A cell: one configuration without its seed, and its identity.

The id is a hash of the fields that differ from their defaults, so a field added later keeps every
old id.
"""

import hashlib
import json
import re
from functools import cached_property
from math import ceil
from typing import Any, Literal

from pydantic import Field

from vgstudy.frozen import Frozen
from vgstudy.remedies import NO_REMEDY, Remedy
from vgstudy.tasks.registry import AnyTask

Streams = Literal["cell", "shared"]


class KerasObject(Frozen):
    """A Keras activation, initializer or optimizer by Keras' own name, with the arguments that
    differ from Keras' defaults."""

    class_name: str
    config: dict[str, Any] = {}  # noqa: RUF012  a default_factory would change the ids

    def __hash__(self) -> int:
        """Return a hash that equal objects share; the arguments themselves have none."""
        return hash(self.class_name)


class Initializer(KerasObject):
    """How a network's kernels are drawn.

    Attributes
    ----------
    output
        Draws the output layer's kernel; None: as the hidden ones.
    bias
        Draws each layer's biases as one more row of its kernel, with the kernel's fans; None: 0.
    tied
        Whether every layer is drawn from the same seed, as one initializer object given to every
        layer does in Keras 3: kernels of equal shape are then identical. Otherwise every layer is
        drawn independently.
    """

    output: KerasObject | None = None
    bias: KerasObject | None = None
    tied: bool = False


class Cell(Frozen):
    """One configuration without its seed: all that a run's numbers depend on except the seed.

    Attributes
    ----------
    rate_factor
        Multiplies the learning rate of the optimizer, or its whole schedule.
    streams
        Which cells draw the same random numbers from equal seeds: none but the cell itself, or, if
        "shared", all cells with this task, depth, width and study seed. Runs of such cells are
        paired by seed.
    """

    task: AnyTask
    depth: int = Field(ge=1)
    width: int = Field(ge=1)
    activation: KerasObject
    initializer: Initializer
    optimizer: KerasObject
    rate_factor: float = Field(1.0, gt=0)
    remedy: Remedy = NO_REMEDY
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    steps_per_epoch: int | None = Field(None, ge=1)
    study_seed: int = Field(0, ge=0)
    streams: Streams = "cell"

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
        return _sha256(self.model_dump(mode="json", exclude_defaults=True))

    @cached_property
    def stream_key(self) -> bytes:
        """What cells with the same random streams have in common, 32 bytes."""
        if self.streams == "cell":
            return self.digest
        shared = {"task", "depth", "width"}
        return _sha256(self.model_dump(mode="json", exclude_defaults=True, include=shared))

    @cached_property
    def id(self) -> str:
        """Readable slug and eight hexadecimal digits of the digest, such as
        `circles-5x5-tanh-heuniform-sgd-1a2b3c4d`."""
        objects = (self.activation, self.initializer, self.optimizer)
        names = [re.sub(r"\W", "", each.class_name).lower() for each in objects]
        shape = f"{self.depth}x{self.width}"
        return "-".join((self.task.name, shape, *names, self.digest.hex()[:8]))


class Run(Frozen):
    """A cell trained once: cell x seed."""

    cell: Cell
    seed: int = Field(ge=0)


def _sha256(fields: dict[str, Any]) -> bytes:
    return hashlib.sha256(canonical_json(fields).encode()).digest()


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
