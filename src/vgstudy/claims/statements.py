"""What the register says about one quantity of one network: measures of a run, what they are
compared with, statements."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vgstudy.errors import among, problem_at
from vgstudy.frozen import Frozen
from vgstudy.schema import FACTORS, TABLES

DERIVED: Mapping[str, tuple[str, ...]] = {
    "learned": ("status",),
    "g_mean_size": ("g_mean",),
    "weight_gain": ("fan_out", "w_mean", "w_sd"),
}
LAYERED = ("g_mean_size", "weight_gain")  # of those
KEYS = ("cell", "seed", "epoch", "step", "layer")
LAYERS = (
    "first",
    "middle",
    "last hidden",
    "output",
    "largest hidden",
    "largest",
    "smallest",
    "rising",
    "each",
)

Level = int | str
Levels = dict[str, Level | list[Level]]


def _column(name: str) -> str:
    found = {
        c: kind
        for table in ("curves", "probes", "decays")
        for c, (kind, _) in TABLES[table].columns.items()
        if c not in KEYS
    }
    logged = [
        c for c, kind in found.items() if pa.types.is_integer(kind) or pa.types.is_floating(kind)
    ]
    if name not in (*logged, *DERIVED):
        raise ValueError(
            f"{name!r} is no quantity of the logs; {among(name, [*DERIVED, *dict.fromkeys(logged)])}"
        )
    return name


def _layer(layer: int | str) -> int | str:
    if isinstance(layer, str) and layer not in LAYERS:
        raise ValueError(f"{layer!r} is no layer; {among(layer, LAYERS)}, or a number from 1")
    return layer


def _factors(levels: Any) -> Any:
    for name in levels if isinstance(levels, dict) else ():
        if name not in FACTORS:
            raise ValueError(f"{name!r} is no factor; {among(name, FACTORS)}")
    return levels


def listed(value: Any) -> Any:
    """One name or mapping as a list of one."""
    return [value] if isinstance(value, str | dict) else value


Network = Annotated[str | Levels, BeforeValidator(_factors)]


class Measure(Frozen):
    """A number per run, from its logs.

    Attributes
    ----------
    column
        Of curves, probes or decays, or one of DERIVED: `learned` 1 or 0; `g_mean_size` |mean
        gradient entry|; `weight_gain` sqrt(fan_out E[w^2]), by which a kernel alone multiplies the
        backpropagated signal.
    layer
        A number from 1, or one of LAYERS; None for what has no layers. `each` goes with an order,
        which must hold in all.
    examples
        Which gradient; see `cells.EXAMPLES`.
    epochs
        One epoch, "first", "last" or "all" of those logged, or [from, to].
    summary
        Over several epochs: mean, median, standard deviation, smallest, largest; `change`, from the
        first to the last; `gain`, the same per epoch; `pace`, the mean absolute change per epoch.
    over
        The measure it is divided by.
    """

    column: Annotated[str, AfterValidator(_column)]
    layer: Annotated[int | str | None, AfterValidator(_layer)] = None
    examples: Literal["probe set", "next mini-batch", "last mini-batch", "test mini-batch"] = (
        "probe set"
    )
    epochs: int | Literal["first", "last", "all"] | tuple[int, int] = "last"
    summary: Literal["mean", "median", "sd", "smallest", "largest", "change", "gain", "pace"] = (
        "mean"
    )
    over: "Measure | None" = None

    @property
    def is_level(self) -> bool:
        """Whether it has the column's own unit and range, being neither a spread, nor a change, nor
        a ratio."""
        return self.summary in ("mean", "median", "smallest", "largest") and not self.over

    @property
    def scale(self) -> Literal["linear", "log", "logit"]:
        """The scale on which seeds spread most evenly: logit for accuracies, log for what is
        positive, else linear."""
        if self.over:
            return "log"
        if (
            self.summary in ("gain", "change")
            or self.layer == "rising"
            or self.column in ("learned", "g_mean", "w_mean")
        ):
            return "linear"
        return "logit" if self.column.endswith("accuracy") and self.is_level else "log"

    @model_validator(mode="after")
    def _layer_where_there_are_layers(self) -> Self:
        layered = self.column in TABLES["probes"].columns or self.column in LAYERED
        if layered and self.layer is None:
            raise problem_at(
                "layer",
                f"is missing: {self.column} has a value for each; {', '.join(LAYERS)}, or a number from 1",
            )
        if not layered and self.layer is not None:
            raise problem_at(
                "layer",
                f"must be left out: {self.column} has one value for all of a network's layers",
            )
        return self


def _number(value: Any) -> Any:
    return {"number": value} if isinstance(value, int | float | str) else value


class Bound(Frozen):
    """What a quantity is compared with: a number, the same measure of another arm, or another
    measure of the same run."""

    number: float | None = None
    arm: Network | None = None
    measure: Measure | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.number, self.arm, self.measure)) != 1:
            raise ValueError("must be a number, or have either arm or measure")
        return self


BoundOrNumber = Annotated[Bound, BeforeValidator(_number)]
COMPARATORS = ("equals", "above", "below", "near", "open")


class Statement(Frozen):
    """One thing a claim says that code can judge.

    Attributes
    ----------
    says
        In our own words.
    arms
        Arms of the study, or levels of its factors; a row for every cell.
    equals, within
        A reported number, with what counts as the same for one run (a difference, or a factor on a
        log scale); or a range.
    above, below, by
        An order, by more than so much.
    times
        Of an order against another network or measure: against so many times the other.
    near, by
        No difference of means larger than `by`.
    open
        Nothing was claimed: the answer is the estimate, or the share of seeds for which an order
        holds.
    reported
        What the tutorial reports, as text; by default the number.
    reasoning
        Why this quantity stands for the claim, and what is assumed.
    """

    says: str
    arms: Annotated[tuple[Network, ...], BeforeValidator(listed)]
    measure: Measure
    equals: float | tuple[float, float] | None = None
    within: float | None = Field(None, gt=0)
    above: BoundOrNumber | None = None
    below: BoundOrNumber | None = None
    near: BoundOrNumber | None = None
    by: float = 0.0
    times: float = Field(1.0, gt=0)
    open: bool = False
    reported: str | None = None
    reasoning: str = ""

    @property
    def bound(self) -> Bound | None:
        """What the quantity is compared with; None for a reported number and an open question."""
        return self.above or self.below or self.near

    @property
    def comparator(self) -> str:
        """The one of COMPARATORS that is set."""
        return self._given()[0]

    def _given(self) -> list[str]:
        values = {name: getattr(self, name) for name in COMPARATORS}
        given = [name for name, value in values.items() if value is not None and value is not False]
        return (
            given
            if len(given) != 2 or not {"above", "below"} & set(given)
            else [name for name in given if name != "open"]
        )

    def _numbers(self) -> Iterator[tuple[str, float | None]]:
        """The numbers that the measure is compared with, by key."""
        yield from (
            ("equals", end)
            for end in (self.equals if isinstance(self.equals, tuple) else (self.equals,))
        )
        yield from (
            (key, bound.number)
            for key, bound in (("above", self.above), ("below", self.below))
            if bound
        )

    def _is_share(self) -> bool:
        """Whether the measure lies between 0 and 1."""
        return self.measure.is_level and (
            self.measure.column == "learned" or self.measure.column.endswith("accuracy")
        )

    @model_validator(mode="after")
    def _one_comparator(self) -> Self:
        if len(given := self._given()) != 1:
            raise ValueError(
                f"must have exactly one of {', '.join(COMPARATORS)}, not {' and '.join(given) or 'none'}"
            )
        if isinstance(self.equals, float) and self.within is None:
            raise problem_at(
                "within", "is missing: how near to the reported number counts as the same?"
            )
        if isinstance(self.equals, tuple) and self.equals[0] > self.equals[1]:
            raise problem_at(
                "equals",
                f"must be a range from low to high, not {self.equals[0]:g} to {self.equals[1]:g}",
            )
        if self.within is not None and self.within <= 1 and self.measure.scale == "log":
            raise problem_at(
                "within",
                f"must be a factor above 1, such as 1.5, of what spreads by factors, not {self.within:g}",
            )
        if self.measure.layer == "each" and not (self.above or self.below):
            raise problem_at(
                "measure.layer",
                "must be one layer: each goes with above or below, which must hold in all",
            )
        for key, value in self._numbers():
            if value is not None and self._is_share() and not 0 <= value <= 1:
                raise problem_at(key, f"must be a share from 0 to 1, such as 0.816, not {value:g}")
        if self.times != 1 and (self.near or not self.bound or self.bound.number is not None):
            raise problem_at("times", "goes with above or below another arm or measure")
        if self.near and self.near.arm is None:
            raise problem_at("near", "must name an arm")
        if self.near and not self.by:
            raise problem_at("by", "is missing: how large a difference would matter?")
        return self
