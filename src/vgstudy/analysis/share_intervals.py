"""Intervals for shares of seeds, and for their differences and sums.

As in `intervals`, every function but `newcombe_paired` works elementwise on arrays of groups.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from vgstudy.analysis.intervals import CONFIDENCE, Array, Interval

WILSON = "Wilson"
DKW = "DKW band over epochs"
NEWCOMBE = "Newcombe, difference"
NEWCOMBE_PAIRED = "Newcombe, paired difference"
WEIGHTED_SUM = "Newcombe, sum of shares"


def wilson(count: ArrayLike, n: ArrayLike, confidence: ArrayLike = CONFIDENCE) -> Interval:
    """Return a proportion with Wilson's score interval (Wilson 1927, JASA 22)."""
    k, n = np.asarray(count, dtype=float), np.asarray(n, dtype=float)
    z = ndtri((1 + np.asarray(confidence)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        centre = (k + z**2 / 2) / (n + z**2)
        half = z / (n + z**2) * np.sqrt(n * share * (1 - share) + z**2 / 4)
        # exact ends: rounding would leave 1e-17
        low = np.where(k == 0, 0.0, centre - half)
        high = np.where(k == n, 1.0, centre + half)
    none = np.isnan(share)
    ends = np.where(none, np.nan, low), np.where(none, np.nan, high)
    return Interval(share, *ends, method=WILSON, n=n)


def dkw(share: Array, n: ArrayLike) -> Interval:
    """Return a distribution function with a band that holds over its whole length.

    The inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990, Ann. Probab.
    18:1269). Its coverage is at least the nominal one.
    """
    with np.errstate(divide="ignore"):
        half = np.sqrt(np.log(2 / (1 - CONFIDENCE)) / (2 * np.asarray(n, dtype=float)))
    ends = np.clip(share - half, 0, 1), np.clip(share + half, 0, 1)
    return Interval(share, *ends, method=DKW, n=n)


def newcombe(group: Interval, reference: Interval) -> Interval:
    """Return the difference of two independent proportions from their Wilson intervals.

    Method 10 of Newcombe 1998, Stat. Med. 17:873.
    """
    both = [
        np.stack([getattr(group, end), getattr(reference, end)], axis=-1)
        for end in ("value", "low", "high")
    ]
    return replace(weighted_sum(np.array([1.0, -1.0]), *both), method=NEWCOMBE)


def newcombe_paired(both: int, only_one: int, only_other: int, neither: int) -> Interval:
    """Return the difference of two paired proportions, one minus the other.

    Method 10 of Newcombe 1998, Stat. Med. 17:2635: Wilson's intervals and the correlation of the
    pairs.
    """
    n = both + only_one + only_other + neither
    one, other = wilson(both + only_one, n), wilson(both + only_other, n)
    margins = [both + only_one, only_other + neither, both + only_other, only_one + neither]
    product = both * neither - only_one * only_other
    # corrected for continuity where the correlation is positive
    covariance = max(product - n / 2, 0) if product > 0 else product
    correlation = covariance / np.sqrt(np.prod(margins, dtype=float)) if all(margins) else 0.0

    def reach(a: Array, b: Array) -> Array:
        return np.asarray(np.sqrt(a**2 - 2 * correlation * a * b + b**2))

    value = one.value - other.value
    low = value - reach(one.value - one.low, other.high - other.value)
    high = value + reach(one.high - one.value, other.value - other.low)
    return Interval(value, low, high, method=NEWCOMBE_PAIRED)


def weighted_sum(weight: Array, value: Array, low: Array, high: Array) -> Interval:
    """Return a weighted sum of independent estimates over the last axis, from their intervals.

    Zou & Donner 2008, Stat. Med. 27:1693; of two proportions it is Newcombe's method.
    """
    terms = weight * value
    total, ends = terms.sum(axis=-1), np.stack([weight * low, weight * high])
    below = np.sqrt(((terms - ends.min(axis=0)) ** 2).sum(axis=-1))
    above = np.sqrt(((ends.max(axis=0) - terms) ** 2).sum(axis=-1))
    return Interval(total, total - below, total + above, method=WEIGHTED_SUM)
