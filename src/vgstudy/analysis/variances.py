"""Variance decomposition: how much of the variance over runs is due to factors and to seeds."""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.estimates import group_of
from vgstudy.analysis.intervals import CONFIDENCE, equal_tails
from vgstudy.schema import FACTORS

Array = NDArray[np.float64]

DECOMPOSED = {"d_g": "log d_g", "d_delta": "log d_delta", "test_accuracy": "test_accuracy"}
HIGHER, SEED = "higher interactions", "seed"
METHOD = "type II sums of squares, normal draws"
DRAWS = 1000
# the bases of a study with more cells would need gigabytes
MAX_CELLS = 2000


def sources(levels: pd.DataFrame) -> dict[str, Array]:
    """Return an orthonormal basis of what each factor and each pair alone explains.

    Axes (cell, degree of freedom).

    A term's basis is orthogonal to all terms that do not contain it, so that the squared length of
    the projection is its type II sum of squares (Yates 1934;
    `statsmodels.stats.anova.anova_lm(typ=2)`). In a full crossing the terms are orthogonal and the
    shares add up to 1. Terms without a degree of freedom are left out. The last entry, HIGHER, is
    the basis of the whole model, constant included: the rest is due to interactions of three
    factors or more.
    """
    factors = [name for name in FACTORS if name in levels and levels[name].nunique() > 1]
    terms: list[tuple[str, ...]] = [*((name,) for name in factors), *combinations(factors, 2)]
    indicators = {term: _indicators(levels, term) for term in terms}
    one = np.ones((len(levels), 1))
    found = {}
    for term in terms:
        others = _basis(
            np.hstack([one, *(indicators[other] for other in terms if not set(term) <= set(other))])
        )
        found[" x ".join(term)] = _basis(indicators[term] - others @ (others.T @ indicators[term]))
    return {name: basis for name, basis in found.items() if basis.shape[1]} | {
        HIGHER: _basis(np.hstack([one, *indicators.values()]))
    }


def _indicators(levels: pd.DataFrame, term: tuple[str, ...]) -> Array:
    codes = levels.groupby(list(term), observed=True).ngroup().to_numpy()
    return np.eye(codes.max() + 1)[codes]


def _basis(columns: Array) -> Array:
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    basis: Array = left[:, size > 1e-8 * max(1.0, np.sqrt(len(columns)))]
    return basis


def account(
    levels: pd.DataFrame, n: Array, mean: Array, var: Array, stream: np.random.Generator
) -> pd.DataFrame:
    """Return shares of the variance over runs, each cell counting alike.

    The means of cells carry noise, var / n, which adds sum(h var / n) to a source's sum of squares,
    h being the diagonal of its projection: it is taken off. Intervals: means and variances of cells
    are drawn again from the normal and chi-squared distributions around those found, for which the
    noise is taken off twice.

    Parameters
    ----------
    levels
        Factor levels, a row for each cell.
    n, mean, var
        Seeds with a value, at least one, their mean and variance, axis (cell,). Of a cell with one
        seed the variance is taken to be that of the others.

    Returns
    -------
    DataFrame
        Columns source, value, low, high, df; NaN if nothing varies.
    """
    bases, mean = sources(levels), mean - mean[0]  # exactly 0 if constant
    usual = np.average(var[n > 1], weights=n[n > 1] - 1) if (n > 1).any() else np.nan
    within = np.where(n > 1, var, usual)
    drawn = mean[:, None] + np.sqrt(within / n)[:, None] * stream.standard_normal(
        (len(mean), DRAWS)
    )
    squares = {name: _squares(basis, mean, within / n, drawn) for name, basis in bases.items()}
    df = {name: basis.shape[1] for name, basis in bases.items()}
    whole, one = (
        _squares(np.eye(len(mean)), mean, within / n, drawn),
        np.full((len(mean), 1), len(mean) ** -0.5),
    )
    between = whole - _squares(one, mean, within / n, drawn)
    squares[HIGHER], df[HIGHER] = whole - squares[HIGHER], len(mean) - df[HIGHER]
    repeats = np.maximum(n - 1, 1)[:, None]
    drawn_within = within[:, None] * stream.chisquare(repeats, (len(mean), DRAWS)) / repeats
    squares[SEED], df[SEED] = np.r_[within.sum(), drawn_within.sum(axis=0)], int((n - 1).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = {
            name: np.clip(found / (between + squares[SEED]), 0, 1)
            for name, found in squares.items()
            if df[name]
        }
    rows = [(name, share[0], *equal_tails(share[1:]), df[name]) for name, share in shares.items()]
    return pd.DataFrame(rows, columns=["source", "value", "low", "high", "df"])


def _squares(basis: Array, mean: Array, noise: Array, drawn: Array) -> Array:
    """Return a sum of squares less its noise, then draws less twice the noise; axis (1 + draw,)."""
    excess = ((basis**2).sum(axis=1) * noise).sum()
    squares: Array = np.r_[
        ((basis.T @ mean) ** 2).sum() - excess, ((basis.T @ drawn) ** 2).sum(axis=0) - 2 * excess
    ]
    return squares


def variance_rows(cells: pd.DataFrame, summaries: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `variances`: a decomposition for each of DECOMPOSED and each epoch.

    An epoch needs two cells, one of them with two seeds or more.
    """
    listed = []
    usable = summaries[summaries["quantity"].isin(DECOMPOSED) & (summaries["n_alive"] > 0)]
    for _, rows in usable.groupby(["quantity", "epoch"]):
        some = cells.merge(rows, on="cell")
        if 1 < len(some) <= MAX_CELLS and (some["n_alive"] > 1).any():
            group = group_of(some)
            levels = some[[name for name in FACTORS if name in some]]
            found = account(levels, group.n, group.mean, group.var, np.random.default_rng(0))
            name, epoch = DECOMPOSED[some["quantity"].iloc[0]], some["epoch"].iloc[0]
            listed.append(
                found.assign(quantity=name, epoch=epoch, n_cells=len(some), n=int(group.n.sum()))
            )
    rows = pd.concat([pd.DataFrame(), *listed], ignore_index=True)
    return rows.assign(method=METHOD, confidence=CONFIDENCE)
