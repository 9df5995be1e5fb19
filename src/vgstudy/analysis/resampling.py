"""Intervals by resampling whole seeds: BCa for one number, simultaneous bands for a row of them.

The resamples of n seeds are drawn from a fixed stream for each n, the same for all groups: numbers
depend neither on how cells are put together nor on the order of calls. No global generator is used.
A resample is how often it has each seed, so that means of all of them are one matrix product.
"""

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import quantile

from vgstudy.analysis.intervals import CONFIDENCE, Interval, Moments, mean_t, moments

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BCA, NO_BCA, CONSTANT = "BCa", "t: BCa needs 20 seeds", "t: constant data"
BOOTSTRAP, NORMAL = "max-|t|, bootstrap of seeds", "max-|t|, normal draws"
ENOUGH, FEWEST = 20, 3  # seeds for a bootstrap; seeds for a band
RESAMPLES, BAND_RESAMPLES, BAND_DRAWS = 2000, 1000, 400
_BLOCK = 4_000_000  # numbers held at a time


def bca(
    values: Array, confidence: float = CONFIDENCE, fewest: int = ENOUGH
) -> tuple[Interval, NDArray[np.int64]]:
    """Mean over seeds with the bias-corrected and accelerated bootstrap interval (Efron 1987, JASA
    82).

    Parameters
    ----------
    values
        Axes (..., seed); NaN marks a seed without a value.
    fewest
        Seeds below which BCa covers too seldom (docs/statistics.md).

    Returns
    -------
    tuple
        The intervals, and for each the index in (BCA, NO_BCA, CONSTANT): with too few seeds, and
        for constant data, of which it does not exist, the t interval takes its place.
    """
    group = moments(values)
    found = mean_t(group, confidence)
    low, high = found.low.copy(), found.high.copy()
    kind = np.where(group.n < fewest, 1, np.where(group.var > 0, 0, 2))
    for n in np.unique(group.n[kind == 0]):
        where = (kind == 0) & (group.n == n)
        rows = compact(values[where])[:, : int(n)]
        for part in np.array_split(np.arange(len(rows)), 1 + len(rows) * RESAMPLES // _BLOCK):
            low_, high_ = _bca(rows[part], confidence)
            index = tuple(axis[part] for axis in np.nonzero(where))
            low[index], high[index] = low_, high_
    return Interval(found.value, low, high, np.full_like(low, np.nan)), kind


def _bca(rows: Array, confidence: float) -> tuple[Array, Array]:
    """Ends of the BCa interval of each row's mean, (row, n) -> (row,): those of
    `scipy.stats.bootstrap` with the same stream.

    Of a mean the resamples are a matrix product and the jackknife needs no loop (Efron & Tibshirani
    1993, eq. 14.9 to 14.15), so the time grows with n and not with its square.
    """
    n = rows.shape[1]
    mean, spread = rows.mean(axis=-1), rows.std(axis=-1)
    away = (rows - mean[:, None]) / spread[:, None]
    means = (away @ _counts(n) / n).round(
        12
    )  # matrix products round differently in blocks of other sizes; ties stay ties
    bias = ndtri(((means < 0).mean(axis=-1) + (means <= 0).mean(axis=-1)) / 2)
    acceleration = (away**3).sum(axis=-1) / (6 * (away**2).sum(axis=-1) ** 1.5)
    z = bias[:, None] + ndtri([(1 - confidence) / 2, (1 + confidence) / 2])
    ends = quantile(means, ndtr(bias[:, None] + z / (1 - acceleration[:, None] * z)), axis=-1)
    return mean + spread * ends[:, 0], mean + spread * ends[:, 1]


@lru_cache(maxsize=256)  # 1.2 GB for thousands of seeds
def _counts(n: int) -> NDArray[np.uint8]:
    """How often each of n seeds is in each resample, (n, resample)."""
    drawn = (
        np.random.default_rng(n).integers(0, n, (RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, None]
    )
    return (
        np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).T.astype(np.uint8)
    )


def critical(values: Array, confidence: float = CONFIDENCE) -> Array:
    """How many standard errors a simultaneous band reaches on either side of a row of means
    (max-|t|).

    From 20 seeds on, whole seeds are resampled with replacement and each resample is studentized
    with its own standard errors (Efron & Tibshirani 1993, chapter 12, for the largest of several
    t). Below, where that is far too wide, the seeds of a resample are drawn from the normal
    distribution with the seeds' own covariance; for a single point this is Student's t.

    Parameters
    ----------
    values
        Axes (..., point, seed). A seed with NaN at any point that some seed has is left out whole;
        a point without any value and constant points do not count.

    Returns
    -------
    Array
        Axes (...), to a thousandth; NaN below 3 seeds.
    """
    flat = values.reshape(-1, *values.shape[-2:])
    has: Mask = np.any(~np.isnan(flat), axis=-1)
    whole: Mask = np.all(~np.isnan(flat) | ~has[..., None], axis=-2) & np.any(
        has, axis=-1, keepdims=True
    )
    n = whole.sum(axis=-1)
    found = np.full(len(flat), np.nan)
    for count in np.unique(n[n >= FEWEST]):
        largest = _resampled(count) if count >= ENOUGH else _drawn(count)
        size = flat.shape[1] * (BAND_RESAMPLES if count >= ENOUGH else BAND_DRAWS * count)
        index = np.flatnonzero(n == count)
        for part in np.array_split(index, 1 + len(index) * size // _BLOCK):
            point = has[part]
            seeds = np.broadcast_to(whole[part][:, None], (*point.shape, whole.shape[-1]))[point]
            rows = flat[part][point][seeds].reshape(-1, count)
            starts = np.r_[0, np.cumsum(point.sum(axis=1))[:-1]]
            found[part] = np.quantile(
                np.maximum.reduceat(largest(rows), starts, axis=0), confidence, axis=-1
            )
    return found.reshape(values.shape[:-2]).round(
        3
    )  # matrix products round differently in blocks of other sizes


def band(group: Moments, reach: Array) -> Interval:
    """Means with the ends of a simultaneous band; `reach` in standard errors, broadcast against the
    group."""
    half = reach * np.sqrt(group.var / np.maximum(group.n, 1))
    return Interval(group.mean, group.mean - half, group.mean + half, np.full_like(half, np.nan))


def compact(values: Array) -> Array:
    """The values with NaN moved behind the others along the last axis, order kept."""
    order = np.argsort(np.isnan(values), axis=-1, kind="stable")
    return np.take_along_axis(values, order, axis=-1)


def _resampled(n: int) -> Callable[[Array], Array]:
    """|t| of each row in every resample of its seeds with replacement, (row, n) -> (row,
    resample)."""
    counts = _counts(n)[:, :BAND_RESAMPLES].astype(np.float32)

    def studentized(rows: Array) -> Array:
        away = _standardized(rows)
        mean = away @ counts / n
        return _ratio(mean, np.maximum(away**2 @ counts / n - mean**2, 0) / (n - 1))

    return studentized


@cache
def _drawn(n: int) -> Callable[[Array], Array]:
    """|t| of each row in normal draws of n seeds with the rows' covariance, (row, n) -> (row,
    draw)."""
    normal = np.random.default_rng(n).standard_normal((n, BAND_DRAWS * n), dtype=np.float32)

    def studentized(rows: Array) -> Array:
        drawn = (_standardized(rows) @ normal).reshape(len(rows), BAND_DRAWS, n)
        mean = drawn.mean(axis=-1)
        return _ratio(
            mean, np.maximum(np.einsum("rdn,rdn->rd", drawn, drawn) / n - mean**2, 0) / (n - 1)
        )

    return studentized


def _standardized(rows: Array) -> NDArray[np.float32]:
    """Rows with mean 0 and variance 1, zeros if constant: single precision is then enough."""
    away = rows - rows.mean(axis=-1, keepdims=True)
    spread = np.sqrt((away**2).mean(axis=-1, keepdims=True))
    found: NDArray[np.float32] = np.divide(
        away, spread, out=np.zeros_like(away), where=spread > 0
    ).astype(np.float32)
    return found


def _ratio(mean: Array, error2: Array) -> Array:
    # a resample of one seed n times has no error: it counts as infinitely far off, unless the point
    # is constant
    constant = np.where(mean == 0, np.float32(0), np.float32(np.inf))
    return np.sqrt(np.divide(mean**2, error2, out=constant, where=error2 > 1e-6))
