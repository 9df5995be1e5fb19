"""Shares that never rise with depth: their fit, where it falls below one half, and whether it
fits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HALF = 0.5
# layers between neighbouring depths up to which a place in between is told; deeper, half of the
# shallower one
NEAR = 2


def monotone(share: Array, weight: Array) -> Array:
    """The nearest shares that do not rise with depth, weighted least squares: min over a <= i of
    max over b >= i of mean(a..b).

    Axes (..., depth); Robertson, Wright & Dykstra 1988, Order restricted statistical inference,
    section 1.4.
    """
    total = np.concatenate(
        [np.zeros((*share.shape[:-1], 1)), np.cumsum(share * weight, axis=-1)], axis=-1
    )
    weights = np.r_[0.0, np.cumsum(weight)]
    a, b = np.indices((len(weight), len(weight)))
    usable = b >= a
    mean = np.where(
        usable,
        (total[..., b + 1] - total[..., a]) / np.where(usable, weights[b + 1] - weights[a], 1),
        -np.inf,
    )
    highest = np.maximum.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]  # over b >= i, for each a
    lowest = np.minimum.accumulate(np.where(usable, highest, np.inf), axis=-2)  # over a <= i
    found: Array = np.diagonal(lowest, axis1=-2, axis2=-1)
    return found


def crossing(fit: Array, depth: Array) -> Array:
    """The depth at which shares (..., depth) that never rise fall below one half, axes (...);
    infinite beyond the range."""
    above = (fit >= HALF).sum(axis=-1)
    left, right = np.clip(above - 1, 0, len(depth) - 1), np.clip(above, 0, len(depth) - 1)
    upper, lower = (
        np.take_along_axis(fit, index[..., None], axis=-1)[..., 0] for index in (left, right)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = depth[left] + (upper - HALF) / (upper - lower) * (depth[right] - depth[left])
    return np.where(above == 0, -np.inf, np.where(above == len(depth), np.inf, inside))


def p_monotone(
    learned: Array, n: Array, stream: np.random.Generator, draws: int
) -> tuple[float, float]:
    """The misfit, the largest distance between a share and the monotone fit, and the p value of
    shares that never rise.

    p: how often counts drawn from the fit itself (parametric bootstrap) have as large a misfit.
    The table of coverage says how often shares that fall, or stay, are taken to rise.

    Parameters
    ----------
    learned, n
        Runs that learned; runs with an outcome; axis (depth,), ascending.
    """
    fit = monotone(learned / n, n)
    misfit = float(np.abs(learned / n - fit).max())
    drawn = stream.binomial(n.astype(int), np.clip(fit, 0, 1), (draws, len(n))) / n
    other = np.abs(drawn - monotone(drawn, n)).max(axis=-1)
    return misfit, float(1 + (other >= misfit - 1e-12).sum()) / (draws + 1)


def outward(value: Any, depth: Array) -> tuple[Array, Array]:
    """The depths run on either side of places between depths that are far apart; other places as
    they are.

    Far apart: by more than NEAR layers and half of the shallower depth. Nobody knows where between
    two such depths shares fall, so an interval ends at the depths themselves.
    """
    x = np.asarray(value, dtype=float)
    at = np.clip(np.searchsorted(depth, x, side="right") - 1, 0, len(depth) - 2)
    left, right = depth[at], depth[at + 1]
    far = (left < x) & (x < right) & (right - left > np.maximum(NEAR, left / 2))
    return np.where(far, left, x), np.where(far, right, x)
