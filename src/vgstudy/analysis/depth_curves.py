"""Performance against depth: one curve for every setting, fitted to all depths, with its band.

The curve never rises with depth (isotonic regression). So a lower end at one depth is one for all
shallower depths as well, and an upper end one for all deeper depths. The band takes the narrowest
of these ends, corrected by Bonferroni for how many there are.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta, t

from vgstudy.analysis.depth_limit import SETTING, monotone
from vgstudy.analysis.intervals import CONFIDENCE

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

METHOD = "monotone fit, band by Bonferroni"
SHARE = "p_learned"
PERFORMANCE = (SHARE, "test_accuracy", "train_accuracy")


def depth_curve_rows(cells: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `depth_curves`: a row for each cell with a value, in each quantity.

    Parameters
    ----------
    cells
        Id and levels of each cell.
    moments
        Of `cell_moments`.
    """
    known = moments[moments["quantity"].isin(PERFORMANCE) & (moments["n_alive"] > 0)]
    rows = cells.merge(known, on="cell").sort_values("depth")
    curves = rows.groupby(["quantity", *SETTING], sort=False)
    fitted = [_fitted(keys, some) for keys, some in curves if len(some) > 1]
    return pd.concat([pd.DataFrame(), *fitted], ignore_index=True)


def _fitted(keys: tuple[Any, ...], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the curve of a setting at its depths, ascending."""
    mean, var, n = (rows[name].to_numpy(dtype=float) for name in ("mean", "var", "n_alive"))
    if keys[0] == SHARE:
        value, low, high = curve_of_shares(mean, n)
    else:
        value, low, high = curve_of_means(mean, var, n)
    return rows[["cell", "quantity", "epoch"]].assign(
        value=value,
        low=low,
        high=high,
        method=METHOD,
        confidence=CONFIDENCE,
        n=n.astype(int),
    )


def curve_of_shares(share: Array, n: Array) -> tuple[Array, Array, Array]:
    """Return the curve of shares and the ends of its band, axis (depth,).

    The ends are Clopper and Pearson's of the runs at 1, 2, 4, 8, ... neighbouring depths together;
    where shares differ within such a window they are conservative for its mean share (Hoeffding
    1956, Ann. Math. Stat. 27:713).
    """
    first, last = windows(len(n))
    learned, runs = (_sums(values, first, last) for values in (np.rint(share * n), n))
    alpha = (1 - CONFIDENCE) / (2 * len(first))
    with np.errstate(invalid="ignore"):
        low = np.where(learned > 0, beta.ppf(alpha, learned, runs - learned + 1), 0)
        high = np.where(learned < runs, beta.ppf(1 - alpha, learned + 1, runs - learned), 1)
    return _curve(share, n, (first, low), (last, high))


def windows(count: int) -> tuple[Indices, Indices]:
    """Return the first and the last depth of every window of 1, 2, 4, 8, ... of `count` depths."""
    sizes = 2 ** np.arange(count.bit_length())
    first, size = (each.ravel() for each in np.meshgrid(np.arange(count), sizes, indexing="ij"))
    fits = first + size <= count
    return first[fits], (first + size - 1)[fits]


def _sums(values: Array, first: Indices, last: Indices) -> Array:
    total = np.r_[0.0, np.cumsum(values)]
    return np.asarray(total[last + 1] - total[first])


def curve_of_means(mean: Array, var: Array, n: Array) -> tuple[Array, Array, Array]:
    """Return the curve of means and the ends of its band, axis (depth,).

    The ends are Student's t at single depths, with the larger of the depth's own variance and the
    mean variance of all depths: where seeds happen to agree, their variance says too little. A band
    needs two seeds at every depth.
    """
    depths = np.arange(len(n))
    with np.errstate(invalid="ignore"):
        variance = np.maximum(var, (var * (n - 1)).sum() / (n - 1).sum())
        quantile = t.ppf(1 - (1 - CONFIDENCE) / (2 * len(n)), n - 1)
        half = quantile * np.sqrt(variance / n)
    return _curve(mean, n, (depths, mean - half), (depths, mean + half))


def _curve(
    value: Array, weight: Array, low: tuple[Indices, Array], high: tuple[Indices, Array]
) -> tuple[Array, Array, Array]:
    """Return the curve, and the narrowest ends that hold at each depth, axis (depth,).

    Parameters
    ----------
    low, high
        Lower ends and the depths up to which they hold; upper ends and the depths from which they
        do. There is no band, but NaN, where they contradict each other: the values rise with depth.
    """
    fit, depths = monotone(value, weight), np.arange(len(value))[:, None]
    ends = (
        np.where(low[0] >= depths, low[1], -np.inf).max(axis=1),
        np.where(high[0] <= depths, high[1], np.inf).min(axis=1),
    )
    if not (ends[0] <= ends[1]).all():
        return fit, np.full(len(fit), np.nan), np.full(len(fit), np.nan)
    return fit, np.minimum(ends[0], fit), np.maximum(ends[1], fit)
