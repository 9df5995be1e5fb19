"""Estimates over the seeds of each cell: the rows of `outcomes` and `estimates`."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from vgstudy.analysis.bands import band_columns, critical
from vgstudy.analysis.chunks import ENDS, RATIOS, Chunk
from vgstudy.analysis.interval_rows import Columns, Extra, interval_rows
from vgstudy.analysis.intervals import (
    Moments,
    counted,
    geometric_t,
    mean_t,
    moments,
    next_seed,
    seeds_needed,
)
from vgstudy.analysis.profiles import LEVEL_OF, fits, signal_classes
from vgstudy.analysis.share_intervals import wilson
from vgstudy.quantities import SIGNAL_CLASSES
from vgstudy.schema import FLOAT32_CAUSES, PROBE_SET, RUN_STATUSES, ZERO_CAUSES
from vgstudy.store.columns import labels, nullable

Array = NDArray[np.float64]

# ratios of which cells are compared
COMPARED = ("d_g", "d_delta", "end_to_end_g")


def outcome_rows(chunk: Chunk) -> Columns:
    """Return the rows of `outcomes`, one for each run of the design, null if it has no rows."""
    cell, seed = np.nonzero(chunk.member)
    keys = {"cell": labels(cell, chunk.cells), "seed": chunk.seeds[seed]}
    first = chunk.first_learned[cell, seed]
    when = {
        "ever_learned": pa.array(np.isfinite(first), mask=np.isnan(first)),
        "learning_epochs": nullable(np.minimum(first, chunk.last_epoch)),
    }
    last = {name: nullable(chunk.ends[name][cell, seed]) for name in ENDS}
    return {**keys, "status": labels(chunk.status[cell, seed], RUN_STATUSES), **when, **last}


def estimate_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return the rows of `estimates`, one quantity after another.

    Ratios, at every probe epoch: geometric mean over the seeds that have a value, all of them
    alive; no row where the depth defines none. p_signal_CLASS: share of the seeds with a signal in
    every layer that are in that class. p_alive: share of the measured seeds. p_zero_CAUSE:
    share of them whose first all-zero layer, counted from the output, is so for that cause.
    p_zero_float32_CAUSE: share of them with any layer whose whole float32 gradient is zero for that
    cause. At the last epoch p_STATUS and p_ever_learned over the measured seeds, the mean of the
    epochs until a seed learned, and the means of accuracies and losses over the seeds that did not
    diverge. n_alive counts the seeds that a value is made of; of a share, the measured ones. On
    mini-batches only ratios, the shares made of them and p_alive.
    """
    for quantity in RATIOS:
        yield _ratio_rows(chunk, quantity)
    yield from _signal_rows(chunk)
    alive = chunk.decays["alive"]
    yield _share_rows(chunk, "p_alive", np.nansum(alive, axis=-1), counted(alive))
    if chunk.examples == PROBE_SET:
        yield from _zero_rows(chunk)
        for status in RUN_STATUSES:
            yield _share_rows(chunk, f"p_{status}", *chunk.status_counts(status))
        first = chunk.first_learned
        yield _share_rows(chunk, "p_ever_learned", np.isfinite(first).sum(axis=-1), counted(first))
        yield _end_rows(chunk, "learning_epochs", np.minimum(first, chunk.last_epoch))
        for quantity in ENDS:
            yield _end_rows(chunk, quantity, chunk.end_values(quantity))


def _ratio_rows(chunk: Chunk, quantity: str) -> Columns:
    """Return rows of a ratio; of a decay factor with the prediction interval and its fit."""
    logs = chunk.ratio_logs(quantity)
    group = moments(logs)
    interval, spread = geometric_t(group), np.sqrt(group.var)
    extra: Extra = {"spread": spread, "p": interval.p}
    if len(chunk.epochs) > 1:
        extra |= band_columns(group, critical(logs)[:, None], _complete_seeds(logs)[:, None])
    if quantity in LEVEL_OF:
        extra |= {
            "fit": fits(chunk, quantity),
            "seeds_needed": seeds_needed(spread),
            **_prediction(group, np.exp),
        }
    deep = chunk.deep_enough(quantity)[:, None]
    return interval_rows("estimates", chunk, quantity, interval, extra, where=deep)


def _signal_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return rows of the shares of seeds whose signal is in each class."""
    classes = signal_classes(chunk)
    n = (classes >= 0).sum(axis=-1).astype(float)
    deep = (chunk.depth > 1)[:, None]
    for code, name in enumerate(SIGNAL_CLASSES):
        count = (classes == code).sum(axis=-1)
        yield _share_rows(chunk, f"p_signal_{name}", count, n, deep)


def _zero_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return rows of the shares of seeds whose gradients are all zero, by cause."""
    cause = chunk.decays["zero_cause"]
    for code, name in enumerate(ZERO_CAUSES[1:], 1):
        count = (cause == code).sum(axis=-1)
        yield _share_rows(chunk, f"p_zero_{name.replace(' ', '_')}", count, counted(cause))
    single = chunk.probes["zero_cause_float32"]
    measured = (~np.isnan(single)).any(axis=2).sum(axis=-1).astype(float)
    for name in FLOAT32_CAUSES:
        any_layer = np.any(single == ZERO_CAUSES.index(name), axis=2)
        count = any_layer.sum(axis=-1).astype(float)
        yield _share_rows(chunk, f"p_zero_float32_{name}", count, measured)


def _end_rows(chunk: Chunk, quantity: str, values: Array) -> Columns:
    """Return rows of the mean over seeds of a number per run, axes (cell, seed)."""
    group = moments(values)
    extra = {"spread": np.sqrt(group.var), **_prediction(group, np.asarray)}
    return interval_rows("estimates", chunk, quantity, mean_t(group), extra)


def _share_rows(
    chunk: Chunk, quantity: str, count: Array, n: Array, where: ArrayLike = True
) -> Columns:
    """Return rows of a share of seeds."""
    return interval_rows("estimates", chunk, quantity, wilson(count, n), where=where)


def _prediction(group: Moments, back: Callable[[Array], Array]) -> Extra:
    """Return the prediction interval of one seed.

    `back` converts from the scale of the values to that of the table.
    """
    further = next_seed(group)
    with np.errstate(over="ignore"):
        return {"prediction_low": back(further.low), "prediction_high": back(further.high)}


def _complete_seeds(logs: Array) -> Array:
    """Return the number of seeds with a value at every epoch at which some seed has one."""
    some = ~np.isnan(logs).all(axis=-1, keepdims=True)
    counts: Array = np.all(~np.isnan(logs) | ~some, axis=-2).sum(axis=-1).astype(float)
    return counts


def cell_moments(chunk: Chunk) -> pd.DataFrame:
    """Return the columns cell, quantity, epoch, n, n_alive, mean, var.

    n counts the seeds of the design; n_alive, mean and var are of those with a value. Ratios: of
    natural logs, at the first and the last probe epoch, for cells deep enough. p_learned: mean is
    the share.
    """
    return pd.concat(_frames(chunk), ignore_index=True)


def _frames(chunk: Chunk) -> Iterator[pd.DataFrame]:
    for quantity in COMPARED:
        logs, deep = chunk.ratio_logs(quantity), chunk.deep_enough(quantity)
        for at in sorted({0, len(chunk.epochs) - 1}):
            yield _frame(chunk, quantity, int(chunk.epochs[at]), moments(logs[:, at]))[deep]
    count, n = chunk.status_counts("learned")
    with np.errstate(invalid="ignore"):
        share = Moments(n, count / n, np.full_like(n, np.nan))
    yield _frame(chunk, "p_learned", chunk.last_epoch, share)
    for quantity in ("test_accuracy", "train_accuracy"):
        yield _frame(chunk, quantity, chunk.last_epoch, moments(chunk.end_values(quantity)))


def _frame(chunk: Chunk, quantity: str, epoch: int, group: Moments) -> pd.DataFrame:
    keys = {"cell": chunk.cells, "quantity": quantity, "epoch": epoch}
    numbers = {"n_alive": group.n, "mean": group.mean, "var": group.var}
    return pd.DataFrame({**keys, "n": chunk.n, **numbers})


def group_of(frame: pd.DataFrame, suffix: str = "") -> Moments:
    """Return the moments in the columns n_alive, mean and var, with a suffix, of a frame."""
    columns = (f"{name}{suffix}" for name in ("n_alive", "mean", "var"))
    return Moments(*(frame[name].to_numpy(dtype=float) for name in columns))
