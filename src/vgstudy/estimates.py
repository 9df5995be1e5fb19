"""Measurements of a batch of cells -> rows of `outcomes`, `estimates` and `profiles`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgstudy.batches import ENDS, LEVELS, MEANS, RATIOS, Batch
from vgstudy.grid import labels, nullable
from vgstudy.intervals import CONFIDENCE, GEOMETRIC_T, MEAN_T, WILSON, Interval, Moments, geometric_t, mean_t, moments, wilson
from vgstudy.schema import RUN_STATUSES

Array = NDArray[np.float64]
Columns = dict[str, Any]

SMALLEST_DEPTH = {"d": 4, "interior": 3, "end": 1}


def outcome_rows(batch: Batch) -> Columns:
    """A row per run of the design; status and measurements are null for a run that has no rows."""
    cell, seed = np.nonzero(batch.member)
    keys = {"cell": labels(cell, batch.cells), "seed": batch.seeds[seed]}
    ends = {name: nullable(batch.ends[name][cell, seed]) for name in ENDS}
    return {**keys, "status": labels(batch.status[cell, seed], RUN_STATUSES), **ends}


def estimate_rows(batch: Batch) -> Iterator[Columns]:
    """The rows of `estimates`, one quantity after another.

    Ratios, at every probe epoch: geometric mean over the seeds that have a value, none but alive ones; no row where the
    depth defines none. p_alive: share of the measured seeds. At the last epoch p_learned, p_dead and p_diverged over the
    measured seeds, and the means of accuracies and losses over the seeds that did not diverge. n_alive counts the seeds
    that a value is made of; of a share, the measured ones.
    """
    for quantity in RATIOS:
        group = ratio_moments(batch, quantity)
        yield _rows(batch, quantity, geometric_t(group), group.n, GEOMETRIC_T, defined(batch, quantity)[:, None])
    alive = batch.decays["alive"]
    measured = (~np.isnan(alive)).sum(axis=-1)
    yield _rows(batch, "p_alive", wilson(np.nansum(alive, axis=-1), measured), measured, WILSON)
    for status in ("learned", "dead", "diverged"):
        count, n = status_counts(batch, status)
        yield _rows(batch, f"p_{status}", wilson(count, n), n, WILSON)
    for quantity in ENDS:
        group = end_moments(batch, quantity)
        yield _rows(batch, quantity, mean_t(group), group.n, MEAN_T)


def profile_rows(batch: Batch) -> Iterator[Columns]:
    """The rows of `profiles`, one quantity after another, at every probe epoch and layer.

    Levels: geometric mean over the seeds alive at that epoch, the same seeds in every layer of a net. Weight norms and
    shares of units: arithmetic mean over the measured seeds. zero_float32: share of the measured seeds whose whole float32
    gradient is zero. The output layer has no h.
    """
    for quantity in LEVELS:
        has = layers(batch, quantity)
        group = moments(_alive_throughout(batch, _logs(batch.probes[quantity]), has))
        yield _rows(batch, quantity, geometric_t(group), group.n, GEOMETRIC_T, has)
    for quantity in MEANS:
        group = moments(_finite(batch.probes[quantity]))
        yield _rows(batch, quantity, mean_t(group), group.n, MEAN_T, layers(batch, quantity))
    cause = batch.probes["zero_cause_float32"]
    n = (~np.isnan(cause)).sum(axis=-1)
    yield _rows(batch, "zero_float32", wilson((cause > 0).sum(axis=-1), n), n, WILSON, layers(batch, "zero_float32"))


def layers(batch: Batch, quantity: str) -> NDArray[np.bool_]:
    """Which layers have a quantity of `profiles`; axes (cell, 1, layer)."""
    layer = np.arange(1, batch.depth.max() + 2)
    return layer <= (batch.depth + (not quantity.startswith("h_")))[:, None, None]


def _alive_throughout(batch: Batch, logs: Array, has: NDArray[np.bool_]) -> Array:
    """Logs of levels, NaN in all layers of a seed that is not alive or lacks one; axes (cell, epoch, layer, seed)."""
    # layers with seeds of their own would show who survives where, not how a level changes from layer to layer
    complete = np.all(~np.isnan(logs) | ~has[..., None], axis=2, keepdims=True)
    return np.where(complete & (batch.decays["alive"] == 1)[:, :, None], logs, np.nan)


def defined(batch: Batch, quantity: str) -> NDArray[np.bool_]:
    """Which cells are deep enough for a ratio; axis (cell,)."""
    return batch.depth >= SMALLEST_DEPTH[quantity.partition("_")[0]]


def ratio_moments(batch: Batch, quantity: str) -> Moments:
    """Moments of the natural log of a ratio over the seeds that have one, none but alive ones; axes (cell, epoch)."""
    return moments(_logs(batch.decays[quantity]))


def end_moments(batch: Batch, quantity: str) -> Moments:
    """Moments of a measurement at the last epoch over seeds that did not diverge; axis (cell,)."""
    return moments(np.where(batch.ends["finite"] == 1, _finite(batch.ends[quantity]), np.nan))


def status_counts(batch: Batch, status: str) -> tuple[Array, Array]:
    """Runs of a status, and runs of any; axis (cell,)."""
    count, n = batch.status == RUN_STATUSES.index(status), batch.status >= 0
    return count.sum(axis=1).astype(float), n.sum(axis=1).astype(float)


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)


def _logs(values: Array) -> Array:
    usable = np.isfinite(values) & (values > 0)
    return np.where(usable, np.log(np.where(usable, values, 1.0)), np.nan)


def _rows(batch: Batch, quantity: str, interval: Interval, alive: ArrayLike, method: str, where: ArrayLike = True) -> Columns:
    """Rows of the groups in `where`; the interval's axes are (cell,), (cell, epoch) or (cell, epoch, layer)."""
    shape = interval.value.shape
    index = np.nonzero(np.broadcast_to(where, shape))
    n, n_alive = batch.n[index[0]], np.asarray(alive, dtype=int)[index]
    epoch = batch.epochs[index[1]] if len(shape) > 1 else np.full(len(n), batch.last_epoch)
    return {
        "cell": labels(index[0], batch.cells),
        "quantity": labels(np.zeros_like(n), [quantity]),
        "epoch": epoch,
        **({"layer": index[2] + 1} if len(shape) > 2 else {}),
        **{name: nullable(getattr(interval, name)[index]) for name in ("value", "low", "high")},
        "method": labels(np.zeros_like(n), [method]),
        "confidence": np.full(len(n), CONFIDENCE),
        "n": n,
        "n_alive": n_alive,
        "n_failed": n - n_alive,
    }
