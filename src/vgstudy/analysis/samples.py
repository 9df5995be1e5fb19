"""What of a chunk enters an estimate: the seeds that have a value, on the scale on which they are
averaged."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.chunks import Chunk
from vgstudy.schema import RUN_STATUSES, ZERO_CAUSES

Array = NDArray[np.float64]

SMALLEST_DEPTH = {"d": 4, "curvature": 4, "interior": 3, "end": 1}


def layers(chunk: Chunk, quantity: str) -> NDArray[np.bool_]:
    """Which layers have a quantity of `profiles`; axes (cell, 1, layer)."""
    layer = np.arange(1, chunk.depth.max() + 2)
    return layer <= (chunk.depth + (not quantity.startswith("h_")))[:, None, None]


def alive_throughout(chunk: Chunk, logs: Array, has: NDArray[np.bool_]) -> Array:
    """Logs of levels, NaN in all layers of a seed that is not alive or lacks one; axes (cell,
    epoch, layer, seed)."""
    # layers with seeds of their own would show who survives where, not how a level changes from
    # layer to layer
    complete = np.all(~np.isnan(logs) | ~has[..., None], axis=2, keepdims=True)
    return np.where(complete & (chunk.decays["alive"] == 1)[:, :, None], logs, np.nan)


def defined(chunk: Chunk, quantity: str) -> NDArray[np.bool_]:
    """Which cells are deep enough for a ratio; axis (cell,)."""
    return chunk.depth >= SMALLEST_DEPTH[quantity.partition("_")[0]]


def ratio_logs(chunk: Chunk, quantity: str) -> Array:
    """Natural logs of a ratio over the seeds that have one, none but alive ones; axes (cell, epoch,
    seed)."""
    return logs_of(chunk.decays[quantity])


def end_values(chunk: Chunk, quantity: str) -> Array:
    """A measurement at the last epoch, NaN of seeds that diverged; axes (cell, seed)."""
    return np.where(chunk.ends["finite"] == 1, finite(chunk.ends[quantity]), np.nan)


def status_counts(chunk: Chunk, status: str) -> tuple[Array, Array]:
    """Runs of a status, and runs of any; axis (cell,)."""
    count, n = chunk.status == RUN_STATUSES.index(status), chunk.status >= 0
    return count.sum(axis=1).astype(float), n.sum(axis=1).astype(float)


def zero_counts(chunk: Chunk, cause: str) -> tuple[Array, Array]:
    """Seeds with a layer whose float32 gradient is all zero for a cause, and measured seeds; axes
    (cell, epoch)."""
    found = chunk.probes["zero_cause_float32"]  # axes (cell, epoch, layer, seed)
    some = np.any(found == ZERO_CAUSES.index(cause), axis=2)
    return some.sum(axis=-1).astype(float), (~np.isnan(found)).any(axis=2).sum(axis=-1).astype(
        float
    )


def whole_seeds(logs: Array) -> Array:
    """Seeds with a value at every epoch at which some seed has one; axis (cell,)."""
    some = ~np.isnan(logs).all(axis=-1, keepdims=True)
    found: Array = np.all(~np.isnan(logs) | ~some, axis=-2).sum(axis=-1).astype(float)
    return found


def counted(values: Array) -> Array:
    """Seeds with a value, over the last axis."""
    counts: Array = (~np.isnan(values)).sum(axis=-1).astype(float)
    return counts


def finite(values: Array) -> Array:
    """The values, NaN where not finite."""
    return np.where(np.isfinite(values), values, np.nan)


def logs_of(values: NDArray[Any]) -> Array:
    """Natural logs, NaN where the value is not positive and finite."""
    usable = np.isfinite(values) & (values > 0)
    return np.where(usable, np.log(np.where(usable, values, 1.0)), np.nan)
