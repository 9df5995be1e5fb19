"""The numbers per run that claims are about: which quantity, of which layer, at which epochs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, model_validator

from vgstudy.claims.vocabulary import (
    DERIVED,
    LAYERS,
    SUMMARIES,
    TABLE_OF,
    Array,
    Epochs,
    column_words,
)
from vgstudy.config.log import Log
from vgstudy.errors import among, problem_at
from vgstudy.frozen import Frozen
from vgstudy.quantities import EXAMPLES, PROBE_SET

Study = Mapping[str, Any]


def one_of(kind: str, allowed: Iterable[str], more: str = "") -> Callable[[Any], Any]:
    """Return a validator of texts: a text must be among the allowed ones, which a message lists
    with `more`."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and value not in allowed:
            raise ValueError(f"{value!r} is not a {kind}; {among(value, allowed)}{more}")
        return value

    return check


class Measure(Frozen):
    """A number per run, from its logs.

    Attributes
    ----------
    column
        A number of curves, probes or decays, or a key of DERIVED.
    layer
        A number from 1, or a key of LAYERS; None for what has no layers. `each` goes with an order,
        which must hold in all.
    examples
        Which gradient; see `cells.EXAMPLES`.
    epochs
        One epoch, "first", "last" or "all" of those logged, or [from, to].
    summary
        A key of SUMMARIES, over several epochs.
    over
        The measure it is divided by.
    """

    column: Annotated[str, AfterValidator(one_of("logged quantity", TABLE_OF))]
    layer: Annotated[
        int | str | None, AfterValidator(one_of("layer", LAYERS, ", or a number from 1"))
    ] = None
    examples: Annotated[str, AfterValidator(one_of("kind of examples", EXAMPLES))] = PROBE_SET
    epochs: int | Literal["first", "last", "all"] | tuple[int, int] = "last"
    summary: Annotated[str, AfterValidator(one_of("summary", SUMMARIES))] = "mean"
    over: "Measure | None" = None

    @property
    def parts(self) -> set["Measure"]:
        """The measure, and the one it is divided by."""
        return {self, self.over} if self.over else {self}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its table that it is made from."""
        return DERIVED[self.column].columns if self.column in DERIVED else (self.column,)

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1: not a spread, a change or a ratio."""
        is_level = self.summary in ("mean", "median", "smallest", "largest") and not self.over
        return is_level and (self.column == "learned" or self.column.endswith("accuracy"))

    @property
    def scale(self) -> Literal["linear", "log", "logit"]:
        """The scale on which seeds spread most evenly: logit for accuracies, log for what is
        positive, else linear."""
        if self.over:
            return "log"
        signed = self.column in ("learned", "g_mean", "w_mean")
        if signed or self.summary in ("gain", "change") or self.layer == "rising":
            return "linear"
        return "logit" if self.is_share else "log"

    @property
    def words(self) -> str:
        """The measure in words."""
        examples = "" if self.examples == PROBE_SET else self.examples
        parts = (column_words(self.column), self.layer_words, examples, self.epoch_words)
        text = ", ".join(part for part in parts if part)
        return f"{text}; over: {self.over.words}" if self.over else text

    @property
    def layer_words(self) -> str:
        """The layer in words; empty if there is none."""
        if isinstance(self.layer, str):
            return LAYERS[self.layer][0]
        return f"layer {self.layer}" if self.layer else ""

    @property
    def epoch_words(self) -> str:
        """The epochs in words."""
        if TABLE_OF[self.column] == "outcomes":
            return ""
        if isinstance(self.epochs, int):
            return f"epoch {self.epochs}"
        if self.epochs in ("first", "last"):
            return {"first": "first logged epoch", "last": "last epoch"}[self.epochs]
        span = "all logged epochs"
        if self.epochs != "all":
            span = f"epochs {self.epochs[0]} to {self.epochs[1]}"
        return SUMMARIES[self.summary][0].format(span)

    @model_validator(mode="after")
    def _has_a_layer_if_there_are_layers(self) -> Self:
        layered = TABLE_OF[self.column] == "probes"
        if layered and self.layer is None:
            allowed = f"{', '.join(LAYERS)}, or a number from 1"
            raise problem_at("layer", f"is missing: {self.column} has a value for each; {allowed}")
        if not layered and self.layer is not None:
            text = f"must be left out: {self.column} has one value for all layers of a network"
            raise problem_at("layer", text)
        return self


def logged_epochs(measure: Measure, study: Study) -> list[int]:
    """Return the epochs at which a study logs what is measured."""
    log, last = Log.model_validate(study["log"]), int(study["training"]["epochs"])
    if TABLE_OF[measure.column] == "outcomes":
        return [last]
    if measure.column.startswith("train_"):
        return list(range(1, last + 1))
    if measure.column.startswith("test_"):
        return log.test_epochs(last)
    return list(log.probed.get(measure.examples, ()))


def measured(measure: Measure, series: Mapping[Measure, tuple[Array, Sequence[int]]]) -> Array:
    """Return the measure of every run; axes (seed, value), one value unless the layer is "each".

    Parameters
    ----------
    series
        For the measure and the one it is divided by: the column's values, axes (seed, epoch,
        layer), one layer for what has none, and the epochs.

    Returns
    -------
    Array
        NaN for a run in which any of the values used is missing or not finite, or the divisor is
        zero.
    """
    value = _reduced(measure, *series[measure])
    if measure.over is None:
        return value
    divisor = _reduced(measure.over, *series[measure.over])
    usable = np.isfinite(divisor) & (divisor != 0)
    return np.where(usable, value, np.nan) / np.where(usable, divisor, 1.0)


def _reduced(measure: Measure, values: Array, logged: Sequence[int]) -> Array:
    epochs = np.asarray(logged)
    kept = _kept(measure, epochs)
    x = np.where(np.isfinite(values[:, kept]), values[:, kept], np.nan)
    by_layer = SUMMARIES[measure.summary][1](x, epochs[kept])
    if isinstance(measure.layer, int):
        return by_layer[:, measure.layer - 1 : measure.layer]
    return LAYERS[measure.layer or "first"][1](by_layer)


def _kept(measure: Measure, epochs: Epochs) -> NDArray[np.int64]:
    """Return the indices of the measure's epochs."""
    if isinstance(measure.epochs, str):
        index = np.arange(len(epochs))
        return {"first": index[:1], "last": index[-1:], "all": index}[measure.epochs]
    low, high = np.broadcast_to(measure.epochs, 2)
    return np.flatnonzero((epochs >= low) & (epochs <= high))
