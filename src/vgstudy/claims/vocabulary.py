"""The register's words for quantities, layers and summaries over epochs, with what they compute.

A new word is one entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vgstudy.quantities import QUANTITIES
from vgstudy.schema import TABLES

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
