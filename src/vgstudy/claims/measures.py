"""The numbers per run that claims are about, and the register's words for them.

A number is a quantity, of a layer, at some epochs. A new word is one entry here, with what it
computes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import AfterValidator, model_validator

from vgstudy.config.log import Log
from vgstudy.errors import among, problem_at
from vgstudy.frozen import Frozen
from vgstudy.quantities import QUANTITIES
from vgstudy.schema import EXAMPLES, PROBE_SET, TABLES

Array = NDArray[np.float64]
Epochs = NDArray[np.int64]

KEYS = ("cell", "seed", "epoch", "step", "layer")


@dataclass(frozen=True)
class Derived:
    """A quantity made from columns of a table, a value for each row."""

    words: str
    table: str
    columns: tuple[str, ...]
    values: Callable[[pa.Table], pa.ChunkedArray]


def _weight_gain(rows: pa.Table) -> pa.ChunkedArray:
    """One layer of backpropagation through W: the variance grows by fan_out E[w^2]."""
    fan_out, mean, sd = (rows[name].to_numpy() for name in ("fan_out", "w_mean", "w_sd"))
    return pa.chunked_array([pa.array(np.sqrt(fan_out * (mean**2 + sd**2)))])


WEIGHT_GAIN = (
    "factor sqrt(fan_out E[w²]) by which the weights alone multiply the backpropagated signal"
)
DERIVED: Mapping[str, Derived] = MappingProxyType(
    {
        "learned": Derived(
            "whether a seed learned",
            "outcomes",
            ("status",),
            lambda rows: pc.equal(rows["status"], "learned"),
        ),
        "learning_epochs": Derived(
            "epochs until it learned, at most those trained",
            "outcomes",
            ("learning_epochs",),
            lambda rows: rows["learning_epochs"],
        ),
        "learners_epochs": Derived(
            "epochs until it learned, of seeds that learned",
            "outcomes",
            ("ever_learned", "learning_epochs"),
            lambda rows: pc.if_else(rows["ever_learned"], rows["learning_epochs"], None),
        ),
        "g_mean_size": Derived(
            "size of the mean gradient entry",
            "probes",
            ("g_mean",),
            lambda rows: pc.abs(rows["g_mean"]),
        ),
        "weight_gain": Derived(WEIGHT_GAIN, "probes", ("fan_out", "w_mean", "w_sd"), _weight_gain),
    }
)


def _gain(x: Array, epochs: Epochs) -> Array:
    return np.asarray((x[:, -1] - x[:, 0]) / max(epochs[-1] - epochs[0], 1))


def _pace(x: Array, epochs: Epochs) -> Array:
    way = np.abs(np.diff(x, axis=1)).sum(axis=1)
    return np.asarray(way / max(epochs[-1] - epochs[0], 1))


def _rising(x: Array) -> Array:
    share = (np.diff(x, axis=1) > 0).mean(axis=1)
    return np.where(np.isnan(x).any(axis=1), np.nan, share)[:, None]


# in words, and from the axes (seed, layer) to (seed, value)
LAYERS: Mapping[str, tuple[str, Callable[[Array], Array]]] = MappingProxyType(
    {
        "first": ("layer 1", lambda x: x[:, :1]),
        "middle": ("the middle layer", lambda x: x[:, [x.shape[1] // 2 - 1]]),
        "last hidden": ("the last hidden layer", lambda x: x[:, -2:-1]),
        "output": ("the output layer", lambda x: x[:, -1:]),
        "largest hidden": (
            "the hidden layer where it is largest",
            lambda x: x[:, :-1].max(axis=1, keepdims=True),
        ),
        "smallest hidden": (
            "the hidden layer where it is smallest",
            lambda x: x[:, :-1].min(axis=1, keepdims=True),
        ),
        "largest": ("the layer where it is largest", lambda x: x.max(axis=1, keepdims=True)),
        "smallest": ("the layer where it is smallest", lambda x: x.min(axis=1, keepdims=True)),
        "rising": ("share of neighbouring layers in which it is larger nearer the output", _rising),
        "each": ("every layer", lambda x: x),
    }
)
# in words, and from the axes (seed, epoch, layer) to (seed, layer)
SUMMARIES: Mapping[str, tuple[str, Callable[[Array, Epochs], Array]]] = MappingProxyType(
    {
        "mean": ("mean over {}", lambda x, _: x.mean(axis=1)),
        "median": ("median over {}", lambda x, _: np.median(x, axis=1)),
        "sd": ("standard deviation over {}", lambda x, _: x.std(axis=1)),
        "smallest": ("smallest over {}", lambda x, _: x.min(axis=1)),
        "largest": ("largest over {}", lambda x, _: x.max(axis=1)),
        "change": ("change over {}", lambda x, _: x[:, -1] - x[:, 0]),
        "gain": ("change per epoch over {}", _gain),
        "pace": ("mean absolute change per epoch over {}", _pace),
    }
)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


# the table of every quantity
TABLE_OF: Mapping[str, str] = MappingProxyType(
    {name: quantity.table for name, quantity in DERIVED.items()}
    | {
        name: table
        for table in ("decays", "probes", "curves")
        for name, column in TABLES[table].columns.items()
        if name not in KEYS and _is_number(column.type)
    }
)


def column_words(column: str) -> str:
    """Return a quantity in words."""
    if column in DERIVED:
        return DERIVED[column].words
    return QUANTITIES[column].words if column in QUANTITIES else column.replace("_", " ")


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
