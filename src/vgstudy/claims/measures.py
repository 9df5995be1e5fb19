"""A number per run from its logs; arrays have the axes (seed, epoch, layer), curves one layer."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vgstudy.claims.statements import Measure

Array = NDArray[np.float64]
Epochs = NDArray[np.int64]


def _gain(x: Array, epochs: Epochs) -> Array:
    gain: Array = (x[:, -1] - x[:, 0]) / max(epochs[-1] - epochs[0], 1)
    return gain


def _pace(x: Array, epochs: Epochs) -> Array:
    pace: Array = np.abs(np.diff(x, axis=1)).sum(axis=1) / max(epochs[-1] - epochs[0], 1)
    return pace


OVER_EPOCHS: Mapping[str, Callable[[Array, Epochs], Array]] = MappingProxyType(
    {
        "mean": lambda x, _: x.mean(axis=1),
        "median": lambda x, _: np.median(x, axis=1),
        "sd": lambda x, _: x.std(axis=1),
        "smallest": lambda x, _: x.min(axis=1),
        "largest": lambda x, _: x.max(axis=1),
        "change": lambda x, _: x[:, -1] - x[:, 0],
        "gain": _gain,
        "pace": _pace,
    }
)
OVER_LAYERS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "first": lambda x: x[:, :1],
        "middle": lambda x: x[:, x.shape[1] // 2 - 1 : x.shape[1] // 2],
        "last hidden": lambda x: x[:, -2:-1],
        "output": lambda x: x[:, -1:],
        "largest hidden": lambda x: x[:, :-1].max(axis=1, keepdims=True),
        "largest": lambda x: x.max(axis=1, keepdims=True),
        "smallest": lambda x: x.min(axis=1, keepdims=True),
        "rising": lambda x: np.where(
            np.isnan(x).any(axis=1), np.nan, (np.diff(x, axis=1) > 0).mean(axis=1)
        )[:, None],
        "each": lambda x: x,
    }
)


def measured(measure: Measure, series: Mapping[Measure, tuple[Array, Sequence[int]]]) -> Array:
    """The measure of every run; axes (seed, value), one value unless the layer is "each".

    Parameters
    ----------
    series
        For the measure and the one it is divided by: the column's values, axes (seed, epoch,
        layer), and the epochs.

    Returns
    -------
    Array
        NaN for a run in which any of the values used is missing or not finite, or the divisor is
        zero.
    """
    value = _reduced(measure, *series[measure])
    if measure.over is None:
        return value
    divisor = _reduced(measure.over, *series[measure.over])
    usable = np.isfinite(divisor) & (divisor != 0)
    return np.where(usable, value, np.nan) / np.where(usable, divisor, 1.0)


def _reduced(measure: Measure, values: Array, epochs: Sequence[int]) -> Array:
    known = np.asarray(epochs)
    kept = _epochs(measure, known)
    x = np.where(np.isfinite(values[:, kept]), values[:, kept], np.nan)
    over_epochs = OVER_EPOCHS[measure.summary](x, known[kept])
    if isinstance(measure.layer, int):
        return over_epochs[:, measure.layer - 1 : measure.layer]
    return OVER_LAYERS[measure.layer or "first"](over_epochs)


def _epochs(measure: Measure, known: Epochs) -> Epochs:
    if isinstance(measure.epochs, tuple):
        low, high = measure.epochs
        return np.flatnonzero((known >= low) & (known <= high))
    if measure.epochs == "all":
        return np.arange(len(known))
    if isinstance(measure.epochs, int):
        return np.flatnonzero(known == measure.epochs)
    return np.array([0 if measure.epochs == "first" else len(known) - 1])
