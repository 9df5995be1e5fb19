"""Columns of `estimates`, `trajectories` and `profiles`: keys, interval, label and counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from vgstudy.analysis.chunks import Chunk
from vgstudy.analysis.intervals import CHI_SQUARED, CONFIDENCE, GEOMETRIC_T, MEAN_T, Interval
from vgstudy.analysis.share_intervals import DKW, WILSON
from vgstudy.schema import arrow_schema
from vgstudy.store.columns import labels, nullable

Array = NDArray[np.float64]
Columns = dict[str, Any]

STATED, APPROXIMATE = "as stated", "approximate"
LABELS = (STATED, APPROXIMATE)
# Seeds from which on the simulated coverage of a method is the nominal one; the smallest number of
# seeds simulated is 5, and infinity means at no number of seeds.
STATED_FROM: Mapping[str, float] = MappingProxyType(
    {GEOMETRIC_T: 5, WILSON: 30, MEAN_T: inf, CHI_SQUARED: inf, DKW: inf}
)


@dataclass(frozen=True)
class Labels:
    """Labels as indices into names, -1 for none; axes as those of an interval."""

    codes: NDArray[np.int64]
    names: Sequence[str]


Extra = dict[str, Array | Labels]


def label_codes(method: str, n: ArrayLike) -> NDArray[np.int64]:
    """Return the index in LABELS for intervals by a method from n seeds."""
    return (np.asarray(n) < STATED_FROM[method]).astype(np.int64)


def interval_rows(
    table: str,
    chunk: Chunk,
    quantity: str,
    interval: Interval,
    extra: Extra | None = None,
    where: ArrayLike = True,
    epochs: NDArray[np.int64] | None = None,
) -> Columns:
    """Return the columns of a table for the groups of a chunk in `where`.

    Parameters
    ----------
    table
        `estimates`, `trajectories` or `profiles`.
    interval
        Axes (cell,), (cell, epoch) or (cell, epoch, layer).
    extra
        Further columns, whose axes broadcast against the interval's. Columns of the table that are
        not given are null.
    epochs
        Those of the interval's axis, by default the probe epochs.
    """
    epochs = chunk.epochs if epochs is None else epochs
    shape = interval.value.shape
    index = np.nonzero(np.broadcast_to(where, shape))
    n = chunk.n[index[0]]
    n_alive = np.broadcast_to(interval.n, shape)[index].astype(int)
    known = ~np.isnan(interval.low[index])
    columns = {
        "cell": labels(index[0], chunk.cells),
        "quantity": labels(np.zeros_like(n), [quantity]),
        "examples": labels(np.zeros_like(n), [chunk.examples]),
        "epoch": epochs[index[1]] if len(shape) > 1 else np.full(len(n), chunk.last_epoch),
        **({"layer": index[2] + 1} if len(shape) > 2 else {}),
        **{name: nullable(getattr(interval, name)[index]) for name in ("value", "low", "high")},
        "method": labels(np.zeros_like(n), [interval.method]),
        "label": labels(np.where(known, label_codes(interval.method, n_alive), -1), LABELS),
        "confidence": np.full(len(n), CONFIDENCE),
        "n": n,
        "n_alive": n_alive,
        "n_failed": n - n_alive,
        **{name: _column(content, shape, index) for name, content in (extra or {}).items()},
    }
    return {name: columns.get(name, pa.nulls(len(n))) for name in arrow_schema(table).names}


def _column(
    content: Array | Labels, shape: tuple[int, ...], index: tuple[NDArray[np.int64], ...]
) -> pa.Array:
    if isinstance(content, Labels):
        return labels(np.broadcast_to(content.codes, shape)[index], content.names)
    return nullable(np.broadcast_to(content, shape)[index])
