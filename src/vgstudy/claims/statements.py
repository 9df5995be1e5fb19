"""Statements: what a claim says about one measure of some networks, as data."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from vgstudy.claims.measures import Measure
from vgstudy.claims.vocabulary import DERIVED
from vgstudy.errors import among, problem_at
from vgstudy.formatting import number
from vgstudy.frozen import Frozen
from vgstudy.schema import FACTORS

COMPARATORS = ("equals", "above", "below", "near", "open")
LEARNED, NOT_LEARNED = DERIVED["learned"].words, "does not learn"

Level = int | str
Levels = dict[str, Level | list[Level]]


def _factors(levels: Any) -> Any:
    for name in levels if isinstance(levels, dict) else ():
        if name not in FACTORS:
            raise ValueError(f"{name!r} is not a factor; {among(name, FACTORS)}")
    return levels


def as_list(value: Any) -> Any:
    """Return one name or mapping as a list of one."""
    return [value] if isinstance(value, str | dict) else value


def _as_bound(value: Any) -> Any:
    return {"number": value} if isinstance(value, int | float | str) else value


# an arm's name, or levels of factors
Network = Annotated[str | Levels, BeforeValidator(_factors)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(as_list)]


class Bound(Frozen):
    """What a measure is compared with: a number, the same measure of another network, or another
    measure of the same run."""

    number: float | None = None
    arm: Network | None = None
    measure: Measure | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(value is not None for value in (self.number, self.arm, self.measure)) != 1:
            raise ValueError("must be a number, or have either arm or measure")
        return self


BoundOrNumber = Annotated[Bound, BeforeValidator(_as_bound)]


class Statement(Frozen):
    """One thing a claim says that code can judge.

    Attributes
    ----------
    says
        The statement in our own words.
    arms
        Arms of the study, or levels of its factors; a row for every cell.
    equals, within
        A reported number, with what counts as the same for one run (a difference, or a factor on a
        log scale); or a range.
    above, below, by, times
        An order, by more than this much, against a multiple of the other value.
    near, by
        A difference of less than `by`.
    open
        Nothing was claimed: the answer is the estimate, or how often an order holds.
    reported
        What the tutorial reports about this statement, if not all that the claim says.
    reasoning
        Why this quantity represents the claim, and what is assumed.
    version
        The version of the register that added or last changed the statement; above 1 this was after
        results had been seen.
    """

    says: str
    arms: Networks
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
    version: int = Field(1, ge=1)

    @property
    def bound(self) -> Bound | None:
        """What the measure is compared with; None for a reported number and an open question."""
        return self.above or self.below or self.near

    @property
    def is_about_learning(self) -> bool:
        """Whether it is about the share of seeds that learned."""
        return self.measure.column == "learned"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measure, and the one of the same run that it is compared with, if any."""
        other = self.bound.measure if self.bound else None
        return (self.measure, other) if other else (self.measure,)

    @property
    def comparator(self) -> str:
        """The one of COMPARATORS that is set; an order may be open as well."""
        return self._comparators[0]

    @property
    def _comparators(self) -> list[str]:
        names = [name for name in COMPARATORS if getattr(self, name) not in (None, False)]
        return names[:1] if names in (["above", "open"], ["below", "open"]) else names

    @property
    def reported_range(self) -> tuple[float | None, float | None]:
        """The reported number or range, or the number that an order compares with."""
        if isinstance(self.equals, tuple):
            return self.equals
        value = self.bound.number if self.bound else self.equals
        return value, value

    @property
    def comparison(self) -> str:
        """What the measure is compared with, in words."""
        bound, (low, high) = self.bound, self.reported_range
        if self.equals is not None:
            return f"{range_words(low, high)}{self.nearness if self.within else ''}"
        if not bound:
            return "nothing reported"
        question = "nothing claimed; asked: " if self.open else ""
        if bound.number is not None and self.is_about_learning:
            return f"{question}{'learns' if self.above else NOT_LEARNED}"
        against = f"{self.times:g} times " if self.times != 1 else ""
        against += self._bound_words(bound)
        if self.near:
            return f"differs by less than {self.by:g} from {against}"
        margin = f" by more than {self.by:g}" if self.by else ""
        return f"{question}{self.comparator} {against}{margin}"

    def _bound_words(self, bound: Bound) -> str:
        """Return a bound in words; another measure only by what differs."""
        if bound.measure is None:
            return f"{bound.number:g}" if bound.arm is None else network_words(bound.arm)
        other, this = bound.measure, self.measure
        if other.model_copy(update={"epochs": this.epochs, "summary": this.summary}) == this:
            return f"its {other.epoch_words}"
        if other.model_copy(update={"layer": this.layer, "over": this.over}) == this:
            return f"the same of {other.layer_words}"
        return f"its {other.words}"

    @property
    def nearness(self) -> str:
        """How near to a reported number counts as the same, in words."""
        if self.within is None:
            return " (inside the range)"
        factor = "a factor of " if self.measure.scale == "log" else ""
        return f" (within {factor}{self.within:g})"

    def _problems(self) -> Iterator[tuple[str, str]]:
        """Yield key and text of what contradicts itself."""
        low, high = self.reported_range
        if isinstance(self.equals, float) and self.within is None:
            yield "within", "is missing: how near to the reported number counts as the same?"
        if low is not None and high is not None and low > high:
            yield "equals", f"must be a range from low to high, not {low:g} to {high:g}"
        if self.within is not None and self.within <= 1 and self.measure.scale == "log":
            text = "must be a factor above 1, such as 1.5, for a measure on a log scale"
            yield "within", f"{text}, not {self.within:g}"
        if self.measure.layer == "each" and not (self.above or self.below):
            text = "must be one layer: each goes with above or below, which must hold in all"
            yield "measure.layer", text
        for value in (low, high) if self.measure.is_share else ():
            if value is not None and not 0 <= value <= 1:
                text = f"must be a share from 0 to 1, such as 0.816, not {value:g}"
                yield self.comparator, text
        if self.times != 1 and (self.near or not self.bound or self.bound.number is not None):
            yield "times", "goes with above or below another arm or measure"
        if self.near and not self.by:
            yield "by", "is missing: how large a difference would matter?"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(self._comparators) != 1:
            listed = " and ".join(self._comparators) or "none"
            raise ValueError(f"must have exactly one of {', '.join(COMPARATORS)}, not {listed}")
        for key, text in self._problems():
            raise problem_at(key, text)
        return self


def range_words(low: float | None, high: float | None) -> str:
    """Return a reported number or range in words."""
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def network_words(network: Network) -> str:
    """Return an arm's name, or levels in words."""
    if isinstance(network, str):
        return network
    return ", ".join(
        _level_words(factor, network[factor]) for factor in FACTORS if factor in network
    )


def _level_words(factor: str, levels: Level | list[Level]) -> str:
    text = " or ".join(map(str, levels if isinstance(levels, list) else [levels]))
    return {"depth": f"depth {text}", "width": f"{text} wide"}.get(factor, text)
