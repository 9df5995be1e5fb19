"""Products of a function at two correlated normal arguments, for every pair of a set of arguments
at once.

With Hermite coefficients a_k(m, v) = E[f(m + sqrt(v) z) He_k(z)] / sqrt(k!), the expectation of
f(u) f(u') at correlation rho is the sum over k of a_k a'_k rho^k (Mehler's formula; Daniely,
Frostig & Singer 2016 call it the dual of f).

Orders beyond 22 matter only where f jumps, as the slope of ReLU does; their squares then fall as
k^-3/2. What is left of the mean square of f is spread over the powers 32, 64, 128, ... in that
proportion, apart for even and odd orders. So a pair of equal arguments gets its exact mean square,
and the matrix over all pairs has no negative eigenvalue.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from vgstudy.theory.activations import Array, Function
from vgstudy.theory.gaussian import rule

_ORDER, _LAST = 22, 8  # the last 8 orders say how the rest is shared by even and odd ones
_POWER, _DOUBLINGS = 32, 13
_BLOCK = 50


def hermite(function: Function, mean: Array, variance: Array, kinks: Sequence[float]) -> Array:
    """Coefficients 0 to 22 of a function at each argument, then the roots of the even and the odd
    rest, (order, argument)."""
    distinct = slice(
        None if mean.any() or any(kinks) else 1
    )  # about 0 and with no kink elsewhere all have the same nodes
    z, weights = rule(mean[distinct], variance[distinct], kinks, 8)
    values = np.where(weights > 0, function(mean[:, None] + np.sqrt(variance)[:, None] * z), 0.0)
    weighted, before, now = values * weights, np.zeros_like(z), np.ones_like(z)
    found = np.empty((_ORDER + 3, len(mean)))
    for k in range(_ORDER + 1):
        found[k] = np.einsum("az,az->a", weighted, now)
        before, now = (
            now,
            (z * now - sqrt(k) * before) / sqrt(k + 1),
        )  # He_{k+1} = z He_k - k He_{k-1}, normalised
    squares = found[:-2] ** 2
    rest = np.maximum(np.einsum("az,az->a", values, weighted) - squares.sum(axis=0), 0)
    even, odd = squares[-1:-_LAST:-2].sum(axis=0), squares[-2 : -_LAST - 1 : -2].sum(axis=0)
    share = np.divide(even, even + odd, out=np.full_like(even, 0.5), where=even + odd > 0)
    found[-2:] = np.sqrt(rest * share), np.sqrt(rest * (1 - share))
    return found


def dual(coefficients: Array, correlation: Array) -> Array:
    """E[f(u) f(u')] of every pair (argument, argument), from what `hermite` gives."""
    found = np.empty_like(correlation)
    for begin in range(
        0, len(found), _BLOCK
    ):  # the matrix is symmetric: blocks right of the diagonal are enough
        rows, columns = slice(begin, begin + _BLOCK), slice(begin, None)
        found[rows, columns] = _series(
            coefficients[:, rows], coefficients[:, columns], correlation[rows, columns]
        )
        found[columns, rows] = found[rows, columns].T
    return found


def _series(left: Array, right: Array, correlation: Array) -> Array:
    """The sum over orders for a block of pairs (argument, argument)."""
    total, product = np.zeros_like(correlation), np.empty_like(correlation)
    for k in range(_ORDER, -1, -1):  # Horner's scheme
        total *= correlation
        total += np.multiply(left[k, :, None], right[k], out=product)
    total += _rest(correlation) * (
        np.outer(left[-2], right[-2]) + correlation * np.outer(left[-1], right[-1])
    )
    return total


def _rest(correlation: Array) -> Array:
    """Powers 32, 64, ... with the weights of sums of k^-3/2 over orders about each; 1 at
    correlations of 1 and -1."""
    total, power, weight = np.zeros_like(correlation), correlation**2, 1 - sqrt(0.5)
    for doubling in range(1, _DOUBLINGS):
        power *= power
        np.maximum(power, 1e-30, out=power)  # denormal numbers are slow
        if 2 << doubling >= _POWER:
            total += weight * power
            weight *= sqrt(0.5)
    return total + weight / (1 - sqrt(0.5)) * power**2
