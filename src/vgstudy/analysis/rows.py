"""Numbers of a chunk of cells as columns of a table: keys, interval, counts, and what else is
known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from vgstudy.analysis.chunks import Chunk
from vgstudy.analysis.grid import labels, nullable
from vgstudy.analysis.intervals import CONFIDENCE, Interval
from vgstudy.analysis.standing import LABELS, label_codes
from vgstudy.schema import arrow_schema

Array = NDArray[np.float64]
Columns = dict[str, Any]


@dataclass(frozen=True)
class Labels:
    """Labels as indices into names, -1 for none; axes as those of the numbers beside them."""

    codes: NDArray[np.int64]
    names: Sequence[str]


Extra = dict[str, Array | Labels]


def rows(
    table: str,
    chunk: Chunk,
    quantity: str,
    interval: Interval,
    alive: ArrayLike,
    method: str,
    extra: Extra,
    where: ArrayLike = True,
) -> Columns:
    """Rows of a table, `estimates`, `trajectories` or `profiles`, for the groups in `where`.

    The interval's axes are (cell,), (cell, epoch) or (cell, epoch, layer); those of what is in
    `extra` broadcast against them. Columns that neither gives are null.
    """
    shape = interval.value.shape
    index = np.nonzero(np.broadcast_to(where, shape))
    n, n_alive = chunk.n[index[0]], np.asarray(alive, dtype=int)[index]
    given = {
        "cell": labels(index[0], chunk.cells),
        "quantity": labels(np.zeros_like(n), [quantity]),
        "examples": labels(np.zeros_like(n), [chunk.examples]),
        "epoch": chunk.epochs[index[1]] if len(shape) > 1 else np.full(len(n), chunk.last_epoch),
        **({"layer": index[2] + 1} if len(shape) > 2 else {}),
        **{name: nullable(getattr(interval, name)[index]) for name in ("value", "low", "high")},
        "method": labels(np.zeros_like(n), [method]),
        "label": labels(
            np.where(np.isnan(interval.low[index]), -1, label_codes(method, n_alive)), LABELS
        ),
        "confidence": np.full(len(n), CONFIDENCE),
        "n": n,
        "n_alive": n_alive,
        "n_failed": n - n_alive,
        **{name: _column(content, shape, index) for name, content in extra.items()},
    }
    return {name: given.get(name, pa.nulls(len(n))) for name in arrow_schema(table).names}


def _column(
    content: Array | Labels, shape: tuple[int, ...], index: tuple[NDArray[np.int64], ...]
) -> pa.Array:
    if isinstance(content, Labels):
        return labels(np.broadcast_to(content.codes, shape)[index], content.names)
    return nullable(np.broadcast_to(content, shape)[index])
