"""Expectations over a normal variable, for functions with kinks and for scales from tiny to huge.

Gauss-Legendre on panels of the standardised variable. Panels are narrow about the point where the
argument is 0, their width growing with the distance, so that a feature of the function at argument
1 is resolved whatever the variance; kinks are edges.
"""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np

from vgstudy.theory.activations import Array, Function

_REACH = 10.0  # standard deviations; 1e-23 of the mass lies beyond
_GRID = np.arange(-_REACH, _REACH + 1)
_SIZES = 4.0 ** np.arange(-10, 2)
_AROUND = np.concatenate([-_SIZES[::-1], [0.0], _SIZES])


def expect(function: Function, mean: Array, variance: Array, kinks: Sequence[float] = ()) -> Array:
    """E f(mean + sqrt(variance) z), z standard normal.

    Parameters
    ----------
    function
        f, elementwise.
    mean, variance
        Of the argument, both of one shape; a variance may be 0.
    kinks
        Where f is not analytic.

    Returns
    -------
    The expectations, of the shape of `mean`; infinite where they overflow.
    """
    z, weights = rule(mean, variance, kinks, 16)
    with np.errstate(over="ignore", under="ignore"):
        values = function(mean[..., None] + np.sqrt(variance)[..., None] * z)
    total: Array = (np.where(weights > 0, values, 0.0) * weights).sum(
        axis=-1
    )  # a panel of width 0 has weight 0
    return total


def rule(mean: Array, variance: Array, kinks: Sequence[float], points: int) -> tuple[Array, Array]:
    """Nodes z and weights (normal density included) for each entry of `mean`, both (..., node);
    `points` nodes to a panel."""
    edges = _edges(mean, variance, kinks)
    nodes, weights = np.polynomial.legendre.leggauss(points)
    half, centre = np.diff(edges)[..., None] / 2, (edges[..., 1:] + edges[..., :-1])[..., None] / 2
    z = (centre + half * nodes).reshape(*mean.shape, -1)
    density = np.exp(-(z**2) / 2) / sqrt(2 * pi)
    return z, (half * weights).reshape(*mean.shape, -1) * density


def _edges(mean: Array, variance: Array, kinks: Sequence[float]) -> Array:
    """Sorted panel edges (..., edge) between -10 and 10."""
    with np.errstate(divide="ignore", invalid="ignore"):
        special = (np.array([0.0, *kinks]) - mean[..., None]) / np.sqrt(variance)[..., None]
    special = np.clip(
        np.nan_to_num(special, nan=0.0, posinf=_REACH, neginf=-_REACH), -_REACH, _REACH
    )
    grid = np.broadcast_to(_GRID, (*mean.shape, len(_GRID)))
    edges = np.concatenate([grid, special[..., :1] + _AROUND, special[..., 1:]], axis=-1)
    return np.sort(np.clip(edges, -_REACH, _REACH), axis=-1)
