"""Products of a function at two correlated normal arguments, for every pair of a set of arguments at once.

With Hermite coefficients a_k(m, v) = E[f(m + sqrt(v) z) He_k(z)] / sqrt(k!), the expectation of f(u) f(u') at correlation rho
is the sum over k of a_k a'_k rho^k (Mehler's formula; Daniely, Frostig & Singer 2016 call it the dual of f).
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from vgstudy.theory.activations import Array, Function
from vgstudy.theory.gaussian import rule

_ORDER = 32


def hermite(function: Function, mean: Array, variance: Array, kinks: Sequence[float]) -> Array:
    """Coefficients 0 to 32 of a function at each argument, and the root of what is left of its mean square, (order, argument).

    The remainder stands in for all higher orders, so that a pair of equal arguments gets its exact mean square.
    """
    distinct = slice(None if mean.any() or any(kinks) else 1)  # about 0 and with no kink elsewhere all have the same nodes
    z, weights = rule(mean[distinct], variance[distinct], kinks, 8)
    values = np.where(weights > 0, function(mean[:, None] + np.sqrt(variance)[:, None] * z), 0.0)
    weighted, before, now = values * weights, np.zeros_like(z), np.ones_like(z)
    found = np.empty((_ORDER + 2, len(mean)))
    for k in range(_ORDER + 1):
        found[k] = np.einsum("az,az->a", weighted, now)
        before, now = now, (z * now - sqrt(k) * before) / sqrt(k + 1)  # He_{k+1} = z He_k - k He_{k-1}, normalised
    found[-1] = np.sqrt(np.maximum((values * weighted).sum(axis=1) - (found[:-1] ** 2).sum(axis=0), 0))
    return found


def dual(coefficients: Array, correlation: Array) -> Array:
    """E[f(u) f(u')] of every pair (argument, argument), from Hermite coefficients (order, argument)."""
    total, product = np.zeros_like(correlation), np.empty_like(correlation)
    for each in coefficients[::-1]:  # Horner's scheme
        total *= correlation
        total += np.multiply(each[:, None], each, out=product)
    return total
