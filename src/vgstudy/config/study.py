"""A study: task, factors, training, seeds, log, outcome, contrasts; all checked.

As JSON it travels downstream in the footer of `runs.parquet`.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import chain, product
from math import prod
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vgstudy.cells import Streams
from vgstudy.config.factors import Arm, Factors, Level
from vgstudy.config.keras_names import moves_without_gradient
from vgstudy.config.log import MAX_EPOCHS, Log
from vgstudy.config.values import MAX_SEED, label, one_line, seeds
from vgstudy.errors import among, problem_at, show
from vgstudy.frozen import Frozen
from vgstudy.schema import PROBE_SET
from vgstudy.tasks.registry import AnyTask

MAX_RUNS = 1_000_000
Seeds = Annotated[tuple[int, ...], BeforeValidator(seeds)]
ArmName = Annotated[str, AfterValidator(partial(label, what="arm"))]
Title = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Factor = Literal[
    "depth", "width", "activation", "initializer", "optimizer", "rate_factor", "remedy"
]
Crossable = Literal["width", "activation", "initializer", "optimizer", "rate_factor", "remedy"]
# the level of each factor, in the order of `Factors`
Combination: TypeAlias = tuple[int | float | str, ...]


class Training(Frozen):
    """How long and in what mini-batches every run trains."""

    epochs: int = Field(ge=1, le=MAX_EPOCHS)
    batch_size: int = Field(ge=1)
    steps_per_epoch: int | None = Field(None, ge=1, le=MAX_EPOCHS)


class Outcome(Frozen):
    """What counts as having learned.

    Attributes
    ----------
    learned_above
        The accuracy on the test rows that a run that has learned exceeds.
    reference
        An arm that learns: other thresholds are between guessing and what it reaches.
    """

    learned_above: float = Field(gt=0, lt=1)
    reference: str | None = None


class Contrast(Frozen):
    """All levels of a factor against one of them: a family of tests for each of the quantities;
    comparisons of all other quantities are exploratory."""

    factor: Factor
    reference: Level
    quantities: tuple[Literal["d_g", "d_delta", "p_learned", "test_accuracy"], ...] = (
        "d_delta",
        "p_learned",
    )


Problems: TypeAlias = Iterator[tuple[str, str]]  # key and text of each mistake


class StudyFile(Frozen):
    """The keys of a study file."""

    title: Title
    task: AnyTask
    factors: Factors
    arms: Annotated[dict[ArmName, Arm], Field(default_factory=dict)]
    training: Training
    seeds: Seeds
    log: Log
    outcome: Outcome
    contrasts: tuple[Contrast, ...] = ()
    two_by_two: dict[Crossable, tuple[Level, Level]] | None = None
    study_seed: int = Field(0, ge=0, le=MAX_SEED)
    streams: Streams = "cell"
    choosing_seeds: int | None = Field(None, ge=1)
    trial: bool = False

    def combinations(self, arm: str | None = None) -> list[Combination]:
        """Return the level names of every cell, in the order of the factors: of one arm, or of all
        arms, each once."""
        arms = [self.arms[arm]] if arm is not None else list(self.arms.values()) or [Arm()]
        crossed = (product(*each.levels(self.factors)) for each in arms)
        return list(dict.fromkeys(chain.from_iterable(crossed)))

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
            self._remedy_problems,
            self._arm_problems,
            self._outcome_problems,
            self._log_problems,
            self._contrast_problems,
            self._two_by_two_problems,
            self._size_problems,
        )
        for key, text in chain.from_iterable(part() for part in parts):
            raise problem_at(key, text)
        return self

    def _task_problems(self) -> Problems:
        for key, text in self.task.problems():
            yield f"task.{key}", text
        rows, batch = self.task.train, self.training.batch_size
        if batch > rows:
            yield "training.batch_size", f"must be at most the training rows, {rows}, not {batch}"

    def _remedy_problems(self) -> Problems:
        names = list(Factors.model_fields)
        levels = [dict(zip(names, each, strict=True)) for each in self.combinations()]
        keys = ("remedy", "depth", "optimizer")
        for name, depth, optimizer in dict.fromkeys(
            tuple(each[k] for k in keys) for each in levels
        ):
            moves_all = moves_without_gradient(self.factors.optimizer[str(optimizer)])
            remedy = self.factors.remedy[str(name)]
            for key, text in remedy.problems(int(depth), self.training.epochs, moves_all):
                yield f"factors.remedy.{name}.{key}", text

    def _arm_problems(self) -> Problems:
        if not self.arms:
            return
        first: dict[Any, str] = {}
        for name, arm in self.arms.items():
            for factor in Factors.model_fields:
                for level in getattr(arm, factor) or ():
                    yield from self._unknown_level(f"arms.{name}.{factor}", factor, level)
            if (other := first.setdefault(arm.levels(self.factors), name)) != name:
                yield f"arms.{name}", f"has the same networks as arm {other!r}: drop one"
        for factor in Factors.model_fields:
            named = [arm.names(self.factors, factor) for arm in self.arms.values()]
            for level in self.factors.names(factor):
                if level not in chain.from_iterable(named):
                    text = f"no arm has the level {show(level)}: drop it or name it in an arm"
                    yield f"factors.{factor}", text

    def _unknown_level(self, key: str, factor: str, level: int | float | str) -> Problems:
        names = self.factors.names(factor)
        if level not in names:
            allowed = among(str(level), map(str, names))
            yield key, f"{show(level)} is not a level of {factor}; {allowed}"

    def _outcome_problems(self) -> Problems:
        name, key = self.outcome.reference, "outcome.reference"
        if name is None:
            return
        if name not in self.arms:
            yield key, f"{name!r} is not an arm; {among(name, self.arms)}"
        elif (count := len(self.combinations(name))) != 1:
            yield key, f"must be an arm of one network; {name!r} has {count}"

    def _log_problems(self) -> Problems:
        last = self.training.epochs
        for examples, epochs in self.log.probed.items():
            if epochs[-1] > last:
                batch_key = f"mini_batches.{examples.split()[0]}"
                key = "probe_epochs" if examples == PROBE_SET else batch_key
                yield f"log.{key}", f"{epochs[-1]} is beyond the last epoch, {last}"
        if 0 in (self.log.mini_batches.last or ()):
            text = "must not contain 0: no mini-batch has been trained on yet"
            yield "log.mini_batches.last", text
        for epoch, reason in ((0, "state before training"), (last, "last epoch")):
            if epoch not in self.log.probe_epochs:
                yield "log.probe_epochs", f"must contain {epoch}, the {reason}"

    def _contrast_problems(self) -> Problems:
        pairs = [(contrast.factor, contrast.reference) for contrast in self.contrasts]
        for index, (factor, reference) in enumerate(pairs):
            key = f"contrasts (entry {index + 1})"
            yield from self._unknown_level(f"{key}.reference", factor, reference)
            if len(self.factors.names(factor)) == 1:
                yield key, f"{factor} has only one level, so there is nothing to compare: drop it"
            if (factor, reference) in pairs[:index]:
                yield key, f"{factor} against {reference} is listed twice"
            if not self._differ_in_one(factor, reference):
                yield (
                    key,
                    f"no two networks differ in {factor} alone, one of them with "
                    f"{show(reference)}: give an arm both levels, or drop the contrast; to change "
                    "two factors at once, drop the arms and use two_by_two",
                )

    def _differ_in_one(self, factor: str, reference: int | float | str) -> bool:
        """Return whether another level of the factor meets the reference, all else equal.

        With shared streams networks are paired whatever their rates, each at its best one.
        """
        if not self.arms:
            return True
        names = list(Factors.model_fields)
        left_out = {factor, "rate_factor"} if self.streams == "shared" else {factor}
        levels = defaultdict(set)
        for cell in self.combinations():
            others = [
                level for name, level in zip(names, cell, strict=True) if name not in left_out
            ]
            levels[tuple(others)].add(cell[names.index(factor)])
        return any(reference in each and len(each) > 1 for each in levels.values())

    def _two_by_two_problems(self) -> Problems:
        crossed = self.two_by_two
        if crossed is None:
            return
        if len(crossed) != 2:
            yield "two_by_two", f"must have two factors with two levels each, not {len(crossed)}"
        for factor, levels in crossed.items():
            key = f"two_by_two.{factor}"
            for level in levels:
                yield from self._unknown_level(key, factor, level)
            if levels[0] == levels[1]:
                yield key, f"{show(levels[0])} is listed twice"

    def _size_problems(self) -> Problems:
        if (runs := self.n_cells * len(self.seeds)) > MAX_RUNS:
            product = f"{self.n_cells:,} cells x {len(self.seeds):,} seeds are {runs:,} runs"
            yield "factors", f"{product}, more than {MAX_RUNS:,}; take fewer levels or seeds"


class Study(StudyFile):
    """A study file with its name, which is its results folder's name, and its path."""

    name: str
    path: str
