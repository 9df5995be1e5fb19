"""Simultaneous bands for a row of means, by resampling whole seeds.

The resamples of n seeds come from a fixed stream for each n, the same for all groups: numbers
depend neither on how cells are grouped nor on the order of calls. No global generator is used.
A resample is how often it has each seed, so that the means of all of them are one matrix product.
"""

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.interval_rows import Extra, Labels
from vgstudy.analysis.intervals import CONFIDENCE, Interval, Moments, exponentiated

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BOOTSTRAP, NORMAL = "max-|t|, bootstrap of seeds", "max-|t|, normal draws"
MIN_SEEDS, MIN_SEEDS_BOOTSTRAP = 3, 20
RESAMPLES, DRAWS = 1000, 400
# numbers held in memory at a time
_BLOCK = 4_000_000


def critical(values: Array) -> Array:
    """Return the half-width of a simultaneous band in standard errors (max-|t|).

    From 20 seeds on, whole seeds are resampled with replacement and each resample is studentized
    with its own standard errors (Efron & Tibshirani 1993, chapter 12, for the largest of several
    t). Below, where that is far too wide, the seeds of a resample are drawn from the normal
    distribution with the seeds' own covariance; for a single point this is Student's t.

    Parameters
    ----------
    values
        Axes (..., point, seed). A seed with NaN at any point that some seed has is excluded; points
        without any value and constant points do not count.

    Returns
    -------
    Array
        Axes (...), to a thousandth; NaN below 3 seeds.
    """
    flat = values.reshape(-1, *values.shape[-2:])
    has: Mask = np.any(~np.isnan(flat), axis=-1)
    complete: Mask = np.all(~np.isnan(flat) | ~has[..., None], axis=-2)
    complete &= np.any(has, axis=-1, keepdims=True)
    n = complete.sum(axis=-1)
    reach = np.full(len(flat), np.nan)
    for count in np.unique(n[n >= MIN_SEEDS]):
        bootstrap = count >= MIN_SEEDS_BOOTSTRAP
        studentized = _resampled(count) if bootstrap else _drawn(count)
        size = flat.shape[1] * (RESAMPLES if bootstrap else DRAWS * count)
        index = np.flatnonzero(n == count)
        for part in np.array_split(index, 1 + len(index) * size // _BLOCK):
            point = has[part]
            seeds = np.broadcast_to(complete[part][:, None], (*point.shape, complete.shape[-1]))
            rows = flat[part][point][seeds[point]].reshape(-1, count)
            starts = np.r_[0, np.cumsum(point.sum(axis=1))[:-1]]
            largest = np.maximum.reduceat(studentized(rows), starts, axis=0)
            reach[part] = np.quantile(largest, CONFIDENCE, axis=-1)
    # matrix products round differently in blocks of other sizes
    return reach.reshape(values.shape[:-2]).round(3)


def band(group: Moments, reach: Array) -> Interval:
    """Return means with a band of `reach` standard errors, broadcast against the group."""
    half = reach * np.sqrt(group.var / np.maximum(group.n, 1))
    return Interval(group.mean, group.mean - half, group.mean + half)


def band_columns(logs: Moments, reach: Array, seeds: Array) -> Extra:
    """Return the columns of a band of geometric means, and how it was computed.

    `seeds` is how many seeds have all points of the band.
    """
    ends = exponentiated(band(logs, reach))
    kind = np.where(np.isnan(ends.low), -1, np.where(seeds >= MIN_SEEDS_BOOTSTRAP, 0, 1))
    return {
        "band_low": ends.low,
        "band_high": ends.high,
        "band": Labels(kind, [BOOTSTRAP, NORMAL]),
    }


@lru_cache(maxsize=256)
def _counts(n: int) -> NDArray[np.float32]:
    """Return how often each of n seeds is in each resample; axes (n, resample)."""
    first = n * np.arange(RESAMPLES)[:, None]
    drawn = np.random.default_rng(n).integers(0, n, (RESAMPLES, n)) + first
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n)
    return counts.T.astype(np.float32)


def _resampled(n: int) -> Callable[[Array], Array]:
    """Return a function: |t| of each row in every resample, (row, n) -> (row, resample)."""
    counts = _counts(n)

    def studentized(rows: Array) -> Array:
        away = _standardized(rows)
        mean = away @ counts / n
        return _ratio(mean, np.maximum(away**2 @ counts / n - mean**2, 0) / (n - 1))

    return studentized


@cache
def _drawn(n: int) -> Callable[[Array], Array]:
    """Return a function: |t| of each row in normal draws of n seeds, (row, n) -> (row, draw).

    The draws have the covariance of the rows.
    """
    normal = np.random.default_rng(n).standard_normal((n, DRAWS * n), dtype=np.float32)

    def studentized(rows: Array) -> Array:
        drawn = (_standardized(rows) @ normal).reshape(len(rows), DRAWS, n)
        mean = drawn.mean(axis=-1)
        squares = np.einsum("rdn,rdn->rd", drawn, drawn)
        return _ratio(mean, np.maximum(squares / n - mean**2, 0) / (n - 1))

    return studentized


def _standardized(rows: Array) -> NDArray[np.float32]:
    """Return rows with mean 0 and variance 1, zeros if constant; single precision is enough."""
    away = rows - rows.mean(axis=-1, keepdims=True)
    sd = np.sqrt((away**2).mean(axis=-1, keepdims=True))
    scaled: Array = np.divide(away, sd, out=np.zeros_like(away), where=sd > 0)
    return scaled.astype(np.float32)


def _ratio(mean: Array, error2: Array) -> Array:
    # a resample of one seed n times has no error: it counts as infinitely far off, unless the point
    # is constant
    constant = np.where(mean == 0, np.float32(0), np.float32(np.inf))
    return np.sqrt(np.divide(mean**2, error2, out=constant, where=error2 > 1e-6))
