"""Expectations of functions of one or two normal variables, for functions with kinks and for scales
from tiny to huge.

One variable: Gauss-Legendre quadrature on panels of the standardised variable. Panels are narrow
about the point where the argument is 0 and widen with the distance from it, so that a feature of
the function at argument 1 is resolved whatever the variance; kinks are panel edges.

Two variables with correlation rho: with Hermite coefficients a_k(m, v) = E[f(m + sqrt(v) z)
He_k(z)] / sqrt(k!), E[f(u) f(u')] is the sum over k of a_k a'_k rho^k (Mehler's formula; Daniely,
Frostig & Singer 2016 call it the dual of f). Orders beyond 22 matter only where f jumps, as the
slope of ReLU does; their squares then fall as k^-3/2. What is left of the mean square of f is
spread over the powers 32, 64, 128, ... in that proportion, separately for even and odd orders. So a
pair of equal arguments gets its exact mean square, and the matrix over all pairs has no negative
eigenvalue.
"""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np

from vgstudy.theory.activations import Array, Function

_REACH = 10.0  # standard deviations; 1e-23 of the mass lies beyond
_GRID = np.arange(-_REACH, _REACH + 1)
_SIZES = 4.0 ** np.arange(-10, 2)
_AROUND = np.concatenate([-_SIZES[::-1], [0.0], _SIZES])

# Hermite orders; the last 8 show how even and odd orders share the rest
_ORDER, _LAST = 22, 8
_POWER, _DOUBLINGS = 32, 13
_BLOCK = 50


def expect(function: Function, mean: Array, variance: Array, kinks: Sequence[float] = ()) -> Array:
    """Return E f(mean + sqrt(variance) z), z standard normal.

    Parameters
    ----------
    function
        f, elementwise.
    mean, variance
        Mean and variance of the argument, of one shape; a variance may be 0.
    kinks
        Arguments at which f is not analytic.

    Returns
    -------
    The expectations, of the shape of `mean`; infinite where they overflow.
    """
    z, weights = rule(mean, variance, kinks, 16)
    with np.errstate(over="ignore", under="ignore"):
        values = function(mean[..., None] + np.sqrt(variance)[..., None] * z)
    # a panel of width 0 has weight 0
    total: Array = (np.where(weights > 0, values, 0.0) * weights).sum(axis=-1)
    return total


def rule(mean: Array, variance: Array, kinks: Sequence[float], points: int) -> tuple[Array, Array]:
    """Return nodes z and weights (normal density included) for each entry of `mean`, both
    (..., node), with `points` nodes in each panel."""
    edges = _edges(mean, variance, kinks)
    nodes, weights = np.polynomial.legendre.leggauss(points)
    half, centre = np.diff(edges)[..., None] / 2, (edges[..., 1:] + edges[..., :-1])[..., None] / 2
    z = (centre + half * nodes).reshape(*mean.shape, -1)
    density = np.exp(-(z**2) / 2) / sqrt(2 * pi)
    return z, (half * weights).reshape(*mean.shape, -1) * density


def _edges(mean: Array, variance: Array, kinks: Sequence[float]) -> Array:
    """Return sorted panel edges (..., edge) between -10 and 10."""
    with np.errstate(divide="ignore", invalid="ignore"):
        special = (np.array([0.0, *kinks]) - mean[..., None]) / np.sqrt(variance)[..., None]
    special = np.clip(
        np.nan_to_num(special, nan=0.0, posinf=_REACH, neginf=-_REACH), -_REACH, _REACH
    )
    grid = np.broadcast_to(_GRID, (*mean.shape, len(_GRID)))
    edges = np.concatenate([grid, special[..., :1] + _AROUND, special[..., 1:]], axis=-1)
    return np.sort(np.clip(edges, -_REACH, _REACH), axis=-1)


def hermite(function: Function, mean: Array, variance: Array, kinks: Sequence[float]) -> Array:
    """Return coefficients 0 to 22 of a function at each argument, then the square roots of the even
    and the odd rest, (order, argument)."""
    # with mean 0 and no kink elsewhere, all arguments have the same nodes
    distinct = slice(None if mean.any() or any(kinks) else 1)
    z, weights = rule(mean[distinct], variance[distinct], kinks, 8)
    values = np.where(weights > 0, function(mean[:, None] + np.sqrt(variance)[:, None] * z), 0.0)
    weighted, before, now = values * weights, np.zeros_like(z), np.ones_like(z)
    coefficients = np.empty((_ORDER + 3, len(mean)))
    for k in range(_ORDER + 1):
        coefficients[k] = np.einsum("az,az->a", weighted, now)
        # He_{k+1} = z He_k - k He_{k-1}, normalised
        before, now = now, (z * now - sqrt(k) * before) / sqrt(k + 1)
    squares = coefficients[:-2] ** 2
    rest = np.maximum(np.einsum("az,az->a", values, weighted) - squares.sum(axis=0), 0)
    even, odd = squares[-1:-_LAST:-2].sum(axis=0), squares[-2 : -_LAST - 1 : -2].sum(axis=0)
    share = np.divide(even, even + odd, out=np.full_like(even, 0.5), where=even + odd > 0)
    coefficients[-2:] = np.sqrt(rest * share), np.sqrt(rest * (1 - share))
    return coefficients


def dual(coefficients: Array, correlation: Array) -> Array:
    """Return E[f(u) f(u')] of every pair (argument, argument) from the coefficients of
    `hermite`."""
    products = np.empty_like(correlation)
    # the matrix is symmetric: blocks right of the diagonal are enough
    for begin in range(0, len(products), _BLOCK):
        rows, columns = slice(begin, begin + _BLOCK), slice(begin, None)
        products[rows, columns] = _series(
            coefficients[:, rows], coefficients[:, columns], correlation[rows, columns]
        )
        products[columns, rows] = products[rows, columns].T
    return products


def _series(left: Array, right: Array, correlation: Array) -> Array:
    """Return the sum over orders for a block of pairs (argument, argument)."""
    total, product = np.zeros_like(correlation), np.empty_like(correlation)
    for k in range(_ORDER, -1, -1):  # Horner's scheme
        total *= correlation
        total += np.multiply(left[k, :, None], right[k], out=product)
    total += _rest(correlation) * (
        np.outer(left[-2], right[-2]) + correlation * np.outer(left[-1], right[-1])
    )
    return total


def _rest(correlation: Array) -> Array:
    """Return the sum of the powers 32, 64, ..., each weighted by the sum of k^-3/2 over the orders
    about it; 1 at correlations of 1 and -1."""
    total, power, weight = np.zeros_like(correlation), correlation**2, 1 - sqrt(0.5)
    for doubling in range(1, _DOUBLINGS):
        power *= power
        np.maximum(power, 1e-30, out=power)  # denormal numbers are slow
        if 2 << doubling >= _POWER:
            total += weight * power
            weight *= sqrt(0.5)
    return total + weight / (1 - sqrt(0.5)) * power**2
