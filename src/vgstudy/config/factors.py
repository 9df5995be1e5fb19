"""The factors of a study, their levels, and the arms that cross some of them; all checked."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from vgstudy.cells import Initializer, KerasObject
from vgstudy.config.keras_names import Kind
from vgstudy.config.levels import resolve, resolve_initializer
from vgstudy.config.values import distinct_levels, level_name, level_names, numbers, rates
from vgstudy.frozen import Frozen
from vgstudy.remedies import NO_REMEDY, Remedy

MAX_DEPTH, MAX_WIDTH = 1_000, 4_096


def _whole(highest: int) -> BeforeValidator:
    return BeforeValidator(partial(numbers, low=1, high=highest, max_count=highest))


def _keras(kind: Kind) -> BeforeValidator:
    return BeforeValidator(partial(resolve, kind))


Depths = Annotated[tuple[int, ...], _whole(MAX_DEPTH)]
Widths = Annotated[tuple[int, ...], _whole(MAX_WIDTH)]
Activation = Annotated[KerasObject, _keras("activation")]
InitializerLevel = Annotated[Initializer, BeforeValidator(resolve_initializer)]
Optimizer = Annotated[KerasObject, _keras("optimizer")]
Rates = Annotated[tuple[float, ...], BeforeValidator(rates)]
Distinct = AfterValidator(distinct_levels)
Level = Annotated[int | float | str, BeforeValidator(level_name)]
Names = Annotated[tuple[Level, ...], BeforeValidator(level_names)]


class Factors(Frozen):
    """The levels of each factor; a named level is a Keras object or a remedy."""

    depth: Depths
    width: Widths
    activation: Annotated[dict[str, Activation], Distinct]
    initializer: Annotated[dict[str, InitializerLevel], Distinct]
    optimizer: Annotated[dict[str, Optimizer], Distinct]
    rate_factor: Rates = (1.0,)
    remedy: Annotated[dict[str, Remedy], Distinct] = {"none": NO_REMEDY}  # noqa: RUF012

    def names(self, factor: str) -> tuple[int | float | str, ...]:
        """Return the level names of a factor; of depth, width and rate factor the numbers
        themselves."""
        return tuple(getattr(self, factor))


class Arm(Frozen):
    """Levels to cross; a factor that is left out has all its levels."""

    depth: Depths | None = None
    width: Widths | None = None
    activation: Names | None = None
    initializer: Names | None = None
    optimizer: Names | None = None
    rate_factor: Rates | None = None
    remedy: Names | None = None

    def names(self, factors: Factors, factor: str) -> tuple[int | float | str, ...]:
        """Return the level names of a factor in this arm, in the factor's order."""
        chosen = getattr(self, factor)
        return tuple(n for n in factors.names(factor) if chosen is None or n in chosen)

    def levels(self, factors: Factors) -> tuple[tuple[int | float | str, ...], ...]:
        """Return the level names of every factor in this arm."""
        return tuple(self.names(factors, factor) for factor in Factors.model_fields)
