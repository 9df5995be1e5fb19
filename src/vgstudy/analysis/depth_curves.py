"""Performance against depth: one curve for every setting, fitted to all depths, with its band.

The curve never rises with depth (isotonic regression). Its band is that of the curves fitted to
draws of the values at single depths.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.depth_limit import SETTING, monotone
from vgstudy.analysis.intervals import CONFIDENCE

Array = NDArray[np.float64]

DRAWS = 2000
METHOD = "monotone fit, band over depths"
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
    # each curve has its own stream, whatever other settings there are
    stream = np.random.default_rng(list(repr(tuple(map(str, keys))).encode()))
    mean, var, n = (rows[name].to_numpy(dtype=float) for name in ("mean", "var", "n_alive"))
    if keys[0] == SHARE:
        value, low, high = curve_of_shares(mean, n, stream)
    else:
        value, low, high = curve_of_means(mean, var, n, stream)
    return rows[["cell", "quantity", "epoch"]].assign(
        value=value,
        low=low,
        high=high,
        method=METHOD,
        confidence=CONFIDENCE,
        n=n.astype(int),
    )


def curve_of_shares(
    share: Array, n: Array, stream: np.random.Generator, draws: int = DRAWS
) -> tuple[Array, Array, Array]:
    """Return the curve of shares and the ends of its band, axis (depth,).

    Shares are drawn from their posteriors under Jeffreys' prior.
    """
    learned = np.rint(share * n)
    drawn = stream.beta(learned + 0.5, n - learned + 0.5, (draws, len(n)))
    return _curve(share, drawn, n)


def curve_of_means(
    mean: Array, var: Array, n: Array, stream: np.random.Generator, draws: int = DRAWS
) -> tuple[Array, Array, Array]:
    """Return the curve of means and the ends of its band, axis (depth,).

    Means are drawn by Student's t; a band needs two seeds at every depth.
    """
    noise = stream.standard_t(np.maximum(n - 1, 1), (draws, len(n)))
    return _curve(mean, mean + noise * np.sqrt(var / n), n)


def _curve(value: Array, draws: Array, weight: Array) -> tuple[Array, Array, Array]:
    fit, (low, high) = monotone(value, weight), band(monotone(draws, weight))
    # draws of a share of 0 or 1 never reach it
    return fit, np.minimum(low, fit), np.maximum(high, fit)


def band(draws: Array, confidence: float = CONFIDENCE) -> tuple[Array, Array]:
    """Return the ends of a band that holds this share of draws, axes (draw, point), at all points
    at once; NaN where draws are.

    Cuts off equally many draws at either end of every point, as many as the share allows.
    """
    if np.isnan(draws).any():
        return np.full(draws.shape[1], np.nan), np.full(draws.shape[1], np.nan)
    ranks = draws.argsort(axis=0).argsort(axis=0)
    # of each draw, how many draws are beyond it at the point where it is most extreme
    outer = np.minimum(ranks, len(draws) - 1 - ranks).min(axis=1)
    cut = int(np.quantile(outer, 1 - confidence, method="lower"))
    ordered = np.sort(draws, axis=0)
    return ordered[cut], ordered[len(draws) - 1 - cut]
