"""Measurements of a chunk of cells -> rows of `outcomes`, `estimates` and `profiles`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgstudy.analysis.chunks import ENDS, LEVELS, MEANS, RATIOS, Chunk
from vgstudy.analysis.intervals import (
    CONFIDENCE,
    GEOMETRIC_T,
    MEAN_T,
    WILSON,
    Interval,
    Moments,
    geometric_t,
    mean_t,
    moments,
    wilson,
)
from vgstudy.schema import EXAMPLES, RUN_STATUSES
from vgstudy.store.grid import labels, nullable

Array = NDArray[np.float64]
Columns = dict[str, Any]

SMALLEST_DEPTH = {"d": 4, "interior": 3, "end": 1}


def outcome_rows(chunk: Chunk) -> Columns:
    """A row per run of the design; status and measurements are null for a run that has no rows."""
    cell, seed = np.nonzero(chunk.member)
    keys = {"cell": labels(cell, chunk.cells), "seed": chunk.seeds[seed]}
    ends = {name: nullable(chunk.ends[name][cell, seed]) for name in ENDS}
    return {**keys, "status": labels(chunk.status[cell, seed], RUN_STATUSES), **ends}


def estimate_rows(chunk: Chunk) -> Iterator[Columns]:
    """The rows of `estimates`, one quantity after another.

    Ratios, at every probe epoch: geometric mean over the seeds that have a value, none but alive ones; no row where the
    depth defines none. p_alive: share of the measured seeds. At the last epoch p_learned, p_dead and p_diverged over the
    measured seeds, and the means of accuracies and losses over the seeds that did not diverge. n_alive counts the seeds
    that a value is made of; of a share, the measured ones. On mini-batches ratios and p_alive only.
    """
    for quantity in RATIOS:
        group = ratio_moments(chunk, quantity)
        yield _rows(chunk, quantity, geometric_t(group), group.n, GEOMETRIC_T, defined(chunk, quantity)[:, None])
    alive = chunk.decays["alive"]
    measured = (~np.isnan(alive)).sum(axis=-1)
    yield _rows(chunk, "p_alive", wilson(np.nansum(alive, axis=-1), measured), measured, WILSON)
    if chunk.examples != EXAMPLES[0]:
        return
    for status in ("learned", "dead", "diverged"):
        count, n = status_counts(chunk, status)
        yield _rows(chunk, f"p_{status}", wilson(count, n), n, WILSON)
    for quantity in ENDS:
        group = end_moments(chunk, quantity)
        yield _rows(chunk, quantity, mean_t(group), group.n, MEAN_T)


def trajectory_rows(chunk: Chunk) -> Iterator[Columns]:
    """The rows of `trajectories`: means of accuracies and losses over the seeds that have not diverged, at the probe epochs."""
    for quantity in ENDS:
        group = moments(np.where(chunk.curves["finite"] == 1, _finite(chunk.curves[quantity]), np.nan))
        rows = _rows(chunk, quantity, mean_t(group), group.n, MEAN_T, group.n > 0)
        yield {name: column for name, column in rows.items() if name != "examples"}


def profile_rows(chunk: Chunk) -> Iterator[Columns]:
    """The rows of `profiles`, one quantity after another, at every probe epoch and layer.

    Levels: geometric mean over the seeds alive at that epoch, the same seeds in every layer of a net. Weight norms and
    shares of units: arithmetic mean over the measured seeds. zero_float32: share of the measured seeds whose whole float32
    gradient is zero. The output layer has no h.
    """
    for quantity in LEVELS:
        has = layers(chunk, quantity)
        group = moments(_alive_throughout(chunk, _logs(chunk.probes[quantity]), has))
        yield _rows(chunk, quantity, geometric_t(group), group.n, GEOMETRIC_T, has)
    for quantity in MEANS:
        group = moments(_finite(chunk.probes[quantity]))
        yield _rows(chunk, quantity, mean_t(group), group.n, MEAN_T, layers(chunk, quantity))
    cause = chunk.probes["zero_cause_float32"]
    n = (~np.isnan(cause)).sum(axis=-1)
    yield _rows(chunk, "zero_float32", wilson((cause > 0).sum(axis=-1), n), n, WILSON, layers(chunk, "zero_float32"))


def layers(chunk: Chunk, quantity: str) -> NDArray[np.bool_]:
    """Which layers have a quantity of `profiles`; axes (cell, 1, layer)."""
    layer = np.arange(1, chunk.depth.max() + 2)
    return layer <= (chunk.depth + (not quantity.startswith("h_")))[:, None, None]


def _alive_throughout(chunk: Chunk, logs: Array, has: NDArray[np.bool_]) -> Array:
    """Logs of levels, NaN in all layers of a seed that is not alive or lacks one; axes (cell, epoch, layer, seed)."""
    # layers with seeds of their own would show who survives where, not how a level changes from layer to layer
    complete = np.all(~np.isnan(logs) | ~has[..., None], axis=2, keepdims=True)
    return np.where(complete & (chunk.decays["alive"] == 1)[:, :, None], logs, np.nan)


def defined(chunk: Chunk, quantity: str) -> NDArray[np.bool_]:
    """Which cells are deep enough for a ratio; axis (cell,)."""
    return chunk.depth >= SMALLEST_DEPTH[quantity.partition("_")[0]]


def ratio_moments(chunk: Chunk, quantity: str) -> Moments:
    """Moments of the natural log of a ratio over the seeds that have one, none but alive ones; axes (cell, epoch)."""
    return moments(_logs(chunk.decays[quantity]))


def end_moments(chunk: Chunk, quantity: str) -> Moments:
    """Moments of a measurement at the last epoch over seeds that did not diverge; axis (cell,)."""
    return moments(np.where(chunk.ends["finite"] == 1, _finite(chunk.ends[quantity]), np.nan))


def status_counts(chunk: Chunk, status: str) -> tuple[Array, Array]:
    """Runs of a status, and runs of any; axis (cell,)."""
    count, n = chunk.status == RUN_STATUSES.index(status), chunk.status >= 0
    return count.sum(axis=1).astype(float), n.sum(axis=1).astype(float)


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)


def _logs(values: Array) -> Array:
    usable = np.isfinite(values) & (values > 0)
    return np.where(usable, np.log(np.where(usable, values, 1.0)), np.nan)


def _rows(chunk: Chunk, quantity: str, interval: Interval, alive: ArrayLike, method: str, where: ArrayLike = True) -> Columns:
    """Rows of the groups in `where`; the interval's axes are (cell,), (cell, epoch) or (cell, epoch, layer)."""
    shape = interval.value.shape
    index = np.nonzero(np.broadcast_to(where, shape))
    n, n_alive = chunk.n[index[0]], np.asarray(alive, dtype=int)[index]
    epoch = chunk.epochs[index[1]] if len(shape) > 1 else np.full(len(n), chunk.last_epoch)
    return {
        "cell": labels(index[0], chunk.cells),
        "quantity": labels(np.zeros_like(n), [quantity]),
        "examples": labels(np.zeros_like(n), [chunk.examples]),
        "epoch": epoch,
        **({"layer": index[2] + 1} if len(shape) > 2 else {}),
        **{name: nullable(getattr(interval, name)[index]) for name in ("value", "low", "high")},
        "method": labels(np.zeros_like(n), [method]),
        "confidence": np.full(len(n), CONFIDENCE),
        "n": n,
        "n_alive": n_alive,
        "n_failed": n - n_alive,
    }
