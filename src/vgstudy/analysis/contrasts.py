"""Compare cells that differ in one factor.

Cells are independent, so nothing is paired by seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import fisher_exact
from statsmodels.stats.multitest import multipletests

from vgstudy.analysis.estimates import group_of
from vgstudy.analysis.intervals import CONFIDENCE, Interval, Moments, welch_difference, welch_ratio
from vgstudy.analysis.share_intervals import newcombe, wilson
from vgstudy.schema import FACTORS

HOLM, EXPLORATORY = "Holm", "exploratory, FDR"
_METHODS = {HOLM: "holm", EXPLORATORY: "fdr_bh"}
NUMBERS = ("value", "low", "high", "p", "p_adjusted")


def pairs(cells: pd.DataFrame, declared: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return every two cells of the design that differ in a declared factor alone.

    Columns cell, reference, factor and against, the level of the reference. A cell without a
    partner in the design is in no pair.

    Parameters
    ----------
    cells
        Id and levels of each cell.
    declared
        The study's contrasts: `factor` and the level that is its `reference`.
    """
    found = [_pairs(cells, contrast["factor"], contrast["reference"]) for contrast in declared]
    return pd.concat(
        [pd.DataFrame(columns=["cell", "reference", "factor", "against"]), *found],
        ignore_index=True,
    )


def _pairs(cells: pd.DataFrame, factor: str, reference: Any) -> pd.DataFrame:
    is_reference = cells[factor] == reference
    references = cells[is_reference].rename(columns={"cell": "reference"}).drop(columns=factor)
    others = [name for name in FACTORS if name != factor]
    found: pd.DataFrame = cells[~is_reference].merge(references, on=others)[["cell", "reference"]]
    return found.assign(factor=factor, against=str(reference))


def contrast_rows(
    pairs: pd.DataFrame, summaries: pd.DataFrame, study: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the rows of `contrasts`: each pair in each quantity and epoch both cells have."""
    summaries = summaries[summaries["quantity"].isin(COMPARISONS)]
    references = summaries.rename(columns={"cell": "reference"})
    both = pairs.merge(summaries, on="cell").merge(
        references, on=["reference", "quantity", "epoch"], suffixes=("", "_reference")
    )
    both = both.assign(method="", **dict.fromkeys(NUMBERS, np.nan))
    for quantity, compare in COMPARISONS.items():
        some = both.index[both["quantity"] == quantity]
        interval = compare(group_of(both.loc[some]), group_of(both.loc[some], "_reference"))
        for name in ("value", "low", "high", "p", "method"):
            both.loc[some, name] = getattr(interval, name)
    return corrected(both, study).assign(confidence=CONFIDENCE)


def corrected(rows: pd.DataFrame, study: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows with family, correction and p_adjusted.

    A family is all pairs of one declared contrast in one quantity at one epoch. Holm where the
    study file declares the quantity, a decay factor at epoch 0, or, of optimizers, which play no
    part there, at the last probe; false discovery rate elsewhere, and for shares that learned at
    single depths: what decides is the test over all depths, in `pooled`.
    """
    if rows.empty:
        return rows.assign(family="", correction="")
    family = [
        f"{row.factor} against {row.against}: {row.quantity} at epoch {row.epoch}"
        for row in rows[["factor", "against", "quantity", "epoch"]].itertuples()
    ]
    tested = {
        (each["factor"], str(each["reference"]), quantity)
        for each in study["contrasts"]
        for quantity in each["quantities"]
        if quantity != "p_learned" or each["factor"] == "depth"
    }
    keys = zip(rows["factor"], rows["against"], rows["quantity"], strict=True)
    declared = np.array([key in tested for key in keys])
    last = max(study["log"]["probe_epochs"])
    decay = rows["quantity"].str.startswith("d_")
    epoch = rows["factor"].map({"optimizer": last}).fillna(0)
    correction = np.where(declared & (~decay | (rows["epoch"] == epoch)), HOLM, EXPLORATORY)
    rows = rows.assign(family=family, correction=correction)
    for method in (HOLM, EXPLORATORY):
        some = rows.index[rows["correction"] == method]
        rows.loc[some, "p_adjusted"] = adjusted(
            rows.loc[some, "p"].to_numpy(dtype=float), rows.loc[some, "family"], method
        )
    return rows


def adjusted(
    p: NDArray[np.float64], family: "pd.Series[str]", method: str = HOLM
) -> NDArray[np.float64]:
    """Return p values corrected within each family.

    Holm (1979) bounds the chance of any error, Benjamini & Hochberg (1995) the share of errors. NaN
    stays NaN and does not count as a test.
    """
    corrected = np.full(len(p), np.nan)
    known = pd.Series(p).dropna()
    for _, tests in known.groupby(family.to_numpy()[known.index]):
        corrected[tests.index] = multipletests(tests, method=_METHODS[method])[1]
    return corrected


def _newcombe(group: Moments, reference: Moments) -> Interval:
    one, other = (np.rint(np.nan_to_num(each.mean) * each.n) for each in (group, reference))
    difference = newcombe(wilson(one, group.n), wilson(other, reference.n))
    return replace(difference, p=fisher(one, group.n, other, reference.n))


def fisher(
    count: NDArray[Any], n: NDArray[Any], reference: NDArray[Any], n_reference: NDArray[Any]
) -> NDArray[np.float64]:
    """Return two-sided p values of Fisher's exact test; NaN where a side has no seed."""
    tables = np.stack([count, n - count, reference, n_reference - reference], axis=-1)
    distinct, place = np.unique(tables, axis=0, return_inverse=True)
    usable = (distinct[:, :2].sum(axis=1) > 0) & (distinct[:, 2:].sum(axis=1) > 0)
    p = [
        fisher_exact(row.reshape(2, 2)).pvalue if fine else np.nan
        for row, fine in zip(distinct, usable, strict=True)
    ]
    return np.asarray(p, dtype=float)[place.reshape(-1)]


COMPARISONS: Mapping[str, Callable[[Moments, Moments], Interval]] = {
    "d_g": welch_ratio,
    "d_delta": welch_ratio,
    "end_to_end_g": welch_ratio,
    "p_learned": _newcombe,
    "test_accuracy": welch_difference,
}
