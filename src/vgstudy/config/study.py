"""A study: task, factors and their levels, training, seeds, log, outcome, contrasts; all checked.

As JSON it travels downstream in the footer of `runs.parquet`.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from math import prod
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vgstudy.cells import Frozen, KerasObject, Task
from vgstudy.config.levels import resolve
from vgstudy.config.messages import among, problem_at, show
from vgstudy.config.values import MAX_SEED, distinct_levels, level_name, numbers, one_line, seeds

MAX_DEPTH, MAX_WIDTH, MAX_EPOCHS, MAX_RUNS = 1_000, 4_096, 1_000_000, 1_000_000

Depths = Annotated[tuple[int, ...], BeforeValidator(partial(numbers, low=1, high=MAX_DEPTH, most=MAX_DEPTH))]
Widths = Annotated[tuple[int, ...], BeforeValidator(partial(numbers, low=1, high=MAX_WIDTH, most=MAX_WIDTH))]
Epochs = Annotated[tuple[int, ...], BeforeValidator(partial(numbers, low=0, high=MAX_EPOCHS, most=1_000))]
Seeds = Annotated[tuple[int, ...], BeforeValidator(seeds)]
Level = Annotated[int | str, BeforeValidator(level_name)]


class Factors(Frozen):
    """The levels of each factor; a named level stands for a Keras object."""

    depth: Depths
    width: Widths
    activation: Annotated[
        dict[str, Annotated[KerasObject, BeforeValidator(partial(resolve, "activation"))]], AfterValidator(distinct_levels)
    ]
    initializer: Annotated[
        dict[str, Annotated[KerasObject, BeforeValidator(partial(resolve, "initializer"))]], AfterValidator(distinct_levels)
    ]
    optimizer: Annotated[
        dict[str, Annotated[KerasObject, BeforeValidator(partial(resolve, "optimizer"))]], AfterValidator(distinct_levels)
    ]

    def names(self, factor: str) -> tuple[int | str, ...]:
        """The level names of a factor; of depth and width the numbers themselves."""
        return tuple(getattr(self, factor))


class Training(Frozen):
    """How long and in what portions every run trains."""

    epochs: int = Field(ge=1, le=MAX_EPOCHS)
    batch_size: int = Field(ge=1)


class Log(Frozen):
    """When a run is measured on the probe set and on the test rows."""

    probe_epochs: Epochs
    test_every: int = Field(ge=1)

    def test_epochs(self, epochs: int) -> list[int]:
        """Epochs after which the test rows are evaluated: every `test_every`-th and the last."""
        return sorted({*range(0, epochs + 1, self.test_every), epochs})

    def pauses(self, epochs: int) -> list[int]:
        """Epochs at which training pauses for a probe or a test."""
        return sorted({*self.probe_epochs, *self.test_epochs(epochs)})


class Outcome(Frozen):
    """What counts as having learned."""

    learned_above: float = Field(gt=0, lt=1)


class Contrast(Frozen):
    """All levels of a factor against one of them: a family of tests for each of the quantities, all others are exploratory."""

    factor: Literal["depth", "width", "activation", "initializer", "optimizer"]
    reference: Level
    quantities: tuple[Literal["d_g", "d_delta", "p_learned", "test_accuracy"], ...] = ("d_delta", "p_learned")


class StudyFile(Frozen):
    """The keys of a study file."""

    title: Annotated[str, Field(max_length=200), AfterValidator(one_line)]
    task: Task
    factors: Factors
    training: Training
    seeds: Seeds
    log: Log
    outcome: Outcome
    contrasts: tuple[Contrast, ...] = ()
    study_seed: int = Field(0, ge=0, le=MAX_SEED)

    @property
    def n_cells(self) -> int:
        """Configurations without seeds."""
        return prod(len(self.factors.names(factor)) for factor in Factors.model_fields)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key, text in chain(self._task_problems(), self._log_problems(), self._contrast_problems(), self._size_problems()):
            raise problem_at(key, text)
        return self

    def _task_problems(self) -> Iterator[tuple[str, str]]:
        task = self.task
        if task.train >= task.samples:
            yield "task.train", f"must be below samples, {task.samples}, so that test rows are left, not {task.train}"
        if task.scale and task.scale[0] >= task.scale[1]:
            yield "task.scale", "must be [low, high] with low below high"
        if self.training.batch_size > task.train:
            yield "training.batch_size", f"must be at most the training rows, {task.train}, not {self.training.batch_size}"

    def _log_problems(self) -> Iterator[tuple[str, str]]:
        probes, epochs = self.log.probe_epochs, self.training.epochs
        if probes[-1] > epochs:
            yield "log.probe_epochs", f"{probes[-1]} is beyond the last epoch, {epochs}"
        for needed in (0, epochs):
            if needed not in probes:
                yield "log.probe_epochs", f"must contain {needed}, the {'last epoch' if needed else 'state before training'}"

    def _contrast_problems(self) -> Iterator[tuple[str, str]]:
        for index, contrast in enumerate(self.contrasts):
            names = self.factors.names(contrast.factor)
            if contrast.reference not in names:
                allowed = among(str(contrast.reference), map(str, names))
                yield f"contrasts.{index}.reference", f"{show(contrast.reference)} is no level of {contrast.factor}; {allowed}"
            if len(names) == 1:
                yield f"contrasts.{index}", f"{contrast.factor} has one level only, so there is nothing to compare: drop it"
            if (contrast.factor, contrast.reference) in [(other.factor, other.reference) for other in self.contrasts[:index]]:
                yield f"contrasts.{index}", f"{contrast.factor} against {contrast.reference} is listed twice"

    def _size_problems(self) -> Iterator[tuple[str, str]]:
        if (runs := self.n_cells * len(self.seeds)) > MAX_RUNS:
            yield "factors", f"{self.n_cells:,} cells x {len(self.seeds):,} seeds are {runs:,} runs, more than {MAX_RUNS:,}"


class Study(StudyFile):
    """A study file with its name, which is its results folder's name, and its path."""

    name: str
    path: str
