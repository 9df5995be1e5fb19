"""A study: task, factors and their levels, training, seeds, log, outcome, contrasts; all checked.

As JSON it travels downstream in the footer of `runs.parquet`.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain, product
from math import prod
from typing import Annotated, Literal, Self, TypeAlias, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vgstudy.cells import PROBE_SET, Initializer, KerasObject
from vgstudy.config.levels import resolve, resolve_initializer
from vgstudy.config.log import MAX_EPOCHS, Log
from vgstudy.config.values import (
    MAX_SEED,
    arm_name,
    distinct_levels,
    level_name,
    level_names,
    numbers,
    one_line,
    seeds,
)
from vgstudy.errors import among, problem_at, show
from vgstudy.frozen import Frozen
from vgstudy.tasks import AnyTask

MAX_DEPTH, MAX_WIDTH, MAX_RUNS = 1_000, 4_096, 1_000_000

Depths = Annotated[
    tuple[int, ...], BeforeValidator(partial(numbers, low=1, high=MAX_DEPTH, most=MAX_DEPTH))
]
Widths = Annotated[
    tuple[int, ...], BeforeValidator(partial(numbers, low=1, high=MAX_WIDTH, most=MAX_WIDTH))
]
Seeds = Annotated[tuple[int, ...], BeforeValidator(seeds)]
Level = Annotated[int | str, BeforeValidator(level_name)]
ArmName = Annotated[str, AfterValidator(arm_name)]


class Factors(Frozen):
    """The levels of each factor; a named level stands for a Keras object."""

    depth: Depths
    width: Widths
    activation: Annotated[
        dict[str, Annotated[KerasObject, BeforeValidator(partial(resolve, "activation"))]],
        AfterValidator(distinct_levels),
    ]
    initializer: Annotated[
        dict[str, Annotated[Initializer, BeforeValidator(resolve_initializer)]],
        AfterValidator(distinct_levels),
    ]
    optimizer: Annotated[
        dict[str, Annotated[KerasObject, BeforeValidator(partial(resolve, "optimizer"))]],
        AfterValidator(distinct_levels),
    ]

    def names(self, factor: str) -> tuple[int | str, ...]:
        """The level names of a factor; of depth and width the numbers themselves."""
        return tuple(getattr(self, factor))


Combination: TypeAlias = tuple[
    int, int, str, str, str
]  # levels of depth, width, activation, initializer, optimizer
Names = Annotated[tuple[Level, ...], BeforeValidator(level_names)]


class Arm(Frozen):
    """Levels to cross; a factor that is left out stands for all its levels."""

    depth: Depths | None = None
    width: Widths | None = None
    activation: Names | None = None
    initializer: Names | None = None
    optimizer: Names | None = None

    def names(self, factors: Factors, factor: str) -> tuple[int | str, ...]:
        """The level names of a factor in this arm, in the factor's order."""
        own = getattr(self, factor)
        return tuple(name for name in factors.names(factor) if own is None or name in own)


class Training(Frozen):
    """How long and in what portions every run trains."""

    epochs: int = Field(ge=1, le=MAX_EPOCHS)
    batch_size: int = Field(ge=1)
    steps_per_epoch: int | None = Field(None, ge=1, le=MAX_EPOCHS)


class Outcome(Frozen):
    """What counts as having learned."""

    learned_above: float = Field(gt=0, lt=1)


class Contrast(Frozen):
    """All levels of a factor against one of them: a family of tests for each of the quantities, all
    others are exploratory."""

    factor: Literal["depth", "width", "activation", "initializer", "optimizer"]
    reference: Level
    quantities: tuple[Literal["d_g", "d_delta", "p_learned", "test_accuracy"], ...] = (
        "d_delta",
        "p_learned",
    )


class StudyFile(Frozen):
    """The keys of a study file."""

    title: Annotated[str, Field(max_length=200), AfterValidator(one_line)]
    task: AnyTask
    factors: Factors
    arms: Annotated[dict[ArmName, Arm], Field(default_factory=dict)]
    training: Training
    seeds: Seeds
    log: Log
    outcome: Outcome
    contrasts: tuple[Contrast, ...] = ()
    study_seed: int = Field(0, ge=0, le=MAX_SEED)
    trial: bool = False

    def combinations(self, arm: str | None = None) -> list[Combination]:
        """Level names of every cell, in the order of the factors: of one arm, or of all, each
        once."""
        arms = [self.arms[arm]] if arm is not None else list(self.arms.values()) or [Arm()]
        crossed = (
            product(*(own.names(self.factors, factor) for factor in Factors.model_fields))
            for own in arms
        )
        return cast(list[Combination], list(dict.fromkeys(chain.from_iterable(crossed))))

    @property
    def n_cells(self) -> int:
        """Configurations without seeds."""
        if self.arms:
            return len(self.combinations())
        return prod(len(self.factors.names(factor)) for factor in Factors.model_fields)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = (
            self._task_problems,
            self._arm_problems,
            self._log_problems,
            self._contrast_problems,
            self._size_problems,
        )
        for key, text in chain.from_iterable(part() for part in parts):
            raise problem_at(key, text)
        return self

    def _task_problems(self) -> Iterator[tuple[str, str]]:
        task = self.task
        for key, text in task.problems():
            yield f"task.{key}", text
        if self.training.batch_size > task.train:
            yield (
                "training.batch_size",
                f"must be at most the training rows, {task.train}, not {self.training.batch_size}",
            )

    def _arm_problems(self) -> Iterator[tuple[str, str]]:
        factors = Factors.model_fields
        for name, arm in self.arms.items():
            for factor in factors:
                known = self.factors.names(factor)
                for level in getattr(arm, factor) or ():
                    if level not in known:
                        allowed = among(str(level), map(str, known))
                        yield (
                            f"arms.{name}.{factor}",
                            f"{show(level)} is no level of {factor}; {allowed}",
                        )
        first: dict[tuple[tuple[int | str, ...], ...], str] = {}
        for name, arm in self.arms.items():
            if (
                other := first.setdefault(
                    tuple(arm.names(self.factors, factor) for factor in factors), name
                )
            ) != name:
                yield f"arms.{name}", f"has the same networks as arm {other!r}: drop one"
        for factor in factors if self.arms else ():
            used = {
                level for arm in self.arms.values() for level in arm.names(self.factors, factor)
            }
            for level in self.factors.names(factor):
                if level not in used:
                    yield (
                        f"factors.{factor}",
                        f"no arm has the level {show(level)}: drop it or name it in an arm",
                    )

    def _log_problems(self) -> Iterator[tuple[str, str]]:
        probes, epochs = self.log.probe_epochs, self.training.epochs
        for examples, own in self.log.probed.items():
            key = "probe_epochs" if examples == PROBE_SET else f"mini_batches.{examples.split()[0]}"
            if own[-1] > epochs:
                yield f"log.{key}", f"{own[-1]} is beyond the last epoch, {epochs}"
        if 0 in (self.log.mini_batches.last or ()):
            yield (
                "log.mini_batches.last",
                "must not contain 0: no mini-batch has been trained on yet",
            )
        for needed in (0, epochs):
            if needed not in probes:
                yield (
                    "log.probe_epochs",
                    f"must contain {needed}, the {'last epoch' if needed else 'state before training'}",
                )

    def _contrast_problems(self) -> Iterator[tuple[str, str]]:
        for index, contrast in enumerate(self.contrasts):
            names = self.factors.names(contrast.factor)
            if contrast.reference not in names:
                allowed = among(str(contrast.reference), map(str, names))
                yield (
                    f"contrasts.{index}.reference",
                    f"{show(contrast.reference)} is no level of {contrast.factor}; {allowed}",
                )
            if len(names) == 1:
                yield (
                    f"contrasts.{index}",
                    f"{contrast.factor} has one level only, so there is nothing to compare: drop it",
                )
            if (contrast.factor, contrast.reference) in [
                (other.factor, other.reference) for other in self.contrasts[:index]
            ]:
                yield (
                    f"contrasts.{index}",
                    f"{contrast.factor} against {contrast.reference} is listed twice",
                )

    def _size_problems(self) -> Iterator[tuple[str, str]]:
        if (runs := self.n_cells * len(self.seeds)) > MAX_RUNS:
            product = f"{self.n_cells:,} cells x {len(self.seeds):,} seeds are {runs:,} runs"
            yield "factors", f"{product}, more than {MAX_RUNS:,}; take fewer levels or seeds"


class Study(StudyFile):
    """A study file with its name, which is its results folder's name, and its path."""

    name: str
    path: str
