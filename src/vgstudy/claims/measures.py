"""The numbers per run that claims are about: a quantity, of a layer, at some epochs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, model_validator

from vgstudy.claims.vocabulary import DERIVED, LAYERS, SUMMARIES, TABLE_OF, column_words
from vgstudy.config.log import Log
from vgstudy.errors import among, problem_at
from vgstudy.frozen import Frozen
from vgstudy.schema import EXAMPLES, PROBE_SET

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
        Which gradient; see `schema.EXAMPLES`.
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
    def rounding(self) -> float:
        """How far apart equal numbers may be: accuracies have single precision, and one test point
        is far more."""
        return 1e-6 if self.column.endswith("accuracy") else 0.0

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
