"""Decay factors: how much a quantity shrinks (< 1) or grows (> 1) per layer toward the input.

Arrays have the axes (run, layer); layer 1, nearest the input, is column 0, and a network of depth L
fills columns 0..L, the last being the output layer. Entries beyond are ignored. Logs are natural.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.quantities import SIGNALS
from vgstudy.schema import EXAMPLES, LAYER_KINDS, ZERO_CAUSES
from vgstudy.store.columns import labels, nullable, position, spread

Array = NDArray[np.float64]
Depths = NDArray[np.int64]
Mask = NDArray[np.bool_]

PROBE_COLUMNS = (
    "cell",
    "seed",
    "epoch",
    "examples",
    "layer",
    "kind",
    "zero_cause",
    "g_rms",
    "g_mean_abs",
    "delta_rms",
    "h_rms",
)


def decay_factor(x: Array, square: Mask) -> Array:
    """Return exp(-slope) of the least-squares line through log x on the layer number.

    Only square layers enter.

    Parameters
    ----------
    x, square
        Values, and whether a layer is square; axes (run, layer).

    Returns
    -------
    Array
        Axis (run,); NaN with fewer than three square layers or where a square layer's x is not
        positive and finite.
    """
    line = _line(square)
    return np.exp(-_total(line * _logs(x, square)) / _total(line**2))


def _line(square: Mask) -> Array:
    """Return the layer number less its mean over the square layers, 0 elsewhere."""
    layer, count = np.arange(1, square.shape[1] + 1), square.sum(axis=1)
    centre = (square * layer).sum(axis=1) / np.maximum(count, 1)
    return np.where(square, layer - centre[:, None], 0.0)


def _logs(x: Array, square: Mask) -> Array:
    """Return log x over the square layers, 0 elsewhere.

    NaN in all layers of a run with fewer than three, or with an x not positive and finite.
    """
    usable = np.all(_positive(x) | ~square, axis=1) & (square.sum(axis=1) >= 3)
    logs = np.log(np.where(square & usable[:, None], x, 1.0))
    logs[~usable] = np.nan
    return logs


def _total(x: Array) -> Array:
    """Return the sum over layers, added one after the other.

    The result of `sum` would depend on the number of columns, that of the deepest run in the array.
    """
    total = x[:, 0].copy()
    for layer in x.T[1:]:
        total += layer
    return total


def interior_ratio(x: Array, square: Mask) -> Array:
    """Return x of the last square layer over the first.

    NaN with fewer than two, or where one of the two is not positive and finite.
    """
    first, last = (
        np.argmax(square, axis=1),
        square.shape[1] - 1 - np.argmax(square[:, ::-1], axis=1),
    )
    return np.where(square.sum(axis=1) >= 2, _ratio(x, last, first), np.nan)


def end_to_end_ratio(x: Array, depth: Depths) -> Array:
    """Return x of the output layer over layer 1, NaN unless both are positive and finite."""
    return _ratio(x, depth, np.zeros_like(depth))


def _ratio(x: Array, upper: Depths, lower: Depths) -> Array:
    run = np.arange(len(x))
    above, below = x[run, upper], x[run, lower]
    usable = _positive(above) & _positive(below)
    with np.errstate(over="ignore"):
        ratio = np.where(usable, above, np.nan) / np.where(usable, below, 1.0)
    return np.where(np.isfinite(ratio), ratio, np.nan)


def _positive(x: Array) -> Mask:
    return (x > 0) & np.isfinite(x)


def first_zero(cause: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the cause of the all-zero layer nearest the output; axes (run, layer) -> (run,).

    Causes are indices in ZERO_CAUSES, 0 for none.
    """
    nearest = cause.shape[1] - 1 - np.argmax(cause[:, ::-1] > 0, axis=1)
    causes: NDArray[np.int64] = cause[np.arange(len(cause)), nearest]
    return causes


def decay_rows(probes: pa.Table) -> dict[str, Any]:
    """Return the columns of `decays` from the rows of `probes`.

    There is one row per run, epoch and kind of examples. A run with an all-zero or non-finite
    gradient layer is not alive and has no decay factor and no ratio, not even of h, so that those
    of g, delta and h are over the same runs.

    Raises
    ------
    ValueError
        If a run lacks a layer or has one twice.
    """
    keys, run, depth = _runs(probes)
    index, shape = (
        (run, probes["layer"].to_numpy() - 1),
        (len(depth), int(depth.max(initial=0)) + 1),
    )
    cause = np.zeros(shape, dtype=np.int64)
    cause[index] = position(probes["zero_cause"], ZERO_CAUSES)
    x = {
        name: spread(probes[name], index, shape)
        for name in ("g_rms", "g_mean_abs", "delta_rms", "h_rms")
    }
    finite = np.all(np.isfinite(x["g_rms"]) | (np.arange(shape[1]) > depth[:, None]), axis=1)
    alive = finite & np.all(cause == 0, axis=1)
    square = np.zeros(shape, dtype=bool)
    square[index] = position(probes["kind"], LAYER_KINDS) == LAYER_KINDS.index("square")
    values = {}
    for name in SIGNALS:
        values[f"d_{name}"] = decay_factor(x[f"{name}_rms"], square)
        values[f"interior_{name}"] = interior_ratio(x[f"{name}_rms"], square)
    values["end_to_end_g"] = end_to_end_ratio(x["g_rms"], depth)
    values["end_to_end_mean_abs"] = end_to_end_ratio(x["g_mean_abs"], depth)
    zero_cause = labels(np.where(finite, first_zero(cause), 0), ZERO_CAUSES)
    ratios = {name: nullable(np.where(alive, value, np.nan)) for name, value in values.items()}
    return {**keys, "alive": alive, "zero_cause": zero_cause, **ratios}


def _runs(probes: pa.Table) -> tuple[dict[str, Any], Depths, Depths]:
    """Return the key columns of each measurement of a run, and where rows belong.

    The latter are the index of the measurement for each row, and the depth of each measurement.
    """
    names = sorted(probes["cell"].unique().to_pylist())
    numbers = (
        probes["seed"].to_numpy(),
        probes["epoch"].to_numpy(),
        position(probes["examples"], EXAMPLES),
    )
    keys: list[NDArray[np.int64]] = [position(probes["cell"], names), *numbers]
    layer = probes["layer"].to_numpy()
    order, starts = np.arange(len(layer)), _starts(keys)
    # training writes a run's layers one after the other; sorting takes longer than all the rest
    if not _is_complete(starts, layer):
        order = np.lexsort((layer, *keys[::-1]))
        keys, layer = [key[order] for key in keys], layer[order]
        starts = _starts(keys)
    rows, first = np.diff(starts, append=len(layer)), [key[starts] for key in keys]
    by = np.lexsort(first[::-1])
    cell, seed, epoch, examples = (key[by] for key in first)
    if not _is_complete(starts, layer) or len(_starts([cell, seed, epoch, examples])) < len(by):
        raise ValueError("probes: a run lacks a layer or has one twice")
    rank, run = np.empty_like(by), np.empty_like(order)
    rank[by] = np.arange(len(by))
    run[order] = np.repeat(rank, rows)
    columns = {
        "cell": labels(cell, names),
        "seed": seed,
        "epoch": epoch,
        "examples": labels(examples, EXAMPLES),
    }
    return columns, run, rows[by] - 1


def _starts(keys: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the rows whose keys differ from those of the row before."""
    changes = [np.diff(key, prepend=key[:1] - 1) != 0 for key in keys]
    return np.flatnonzero(np.logical_or.reduce(changes))


def _is_complete(starts: NDArray[np.int64], layer: NDArray[np.int64]) -> bool:
    """Return whether the layers count from 1 between one start and the next."""
    expected = np.arange(1, len(layer) + 1) - np.repeat(starts, np.diff(starts, append=len(layer)))
    return np.array_equal(layer, expected)
