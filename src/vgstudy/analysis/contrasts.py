"""Compare cells that differ in one factor, and two changes made at once.

Cells are independent, so nothing is paired by seed. Of two changes, the effect of a factor is the
difference of shares that learned between its levels, averaged over the levels of the other one.
Both: the share with both changes less the share with neither. The interaction is how much more the
second change does after the first than without it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import fisher_exact
from statsmodels.stats.multitest import multipletests

from vgstudy.analysis.depth_limit import SETTING
from vgstudy.analysis.estimates import group_of
from vgstudy.analysis.intervals import (
    CONFIDENCE,
    Interval,
    Moments,
    newcombe,
    weighted_sum,
    welch_difference,
    welch_ratio,
    wilson,
)
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


Array = NDArray[np.float64]
BOTH, INTERACTION = "both together", "interaction"
# for each effect, the weights of the shares with neither change, the first, the second, both
WEIGHTS = np.array(
    [
        [-0.5, 0.5, -0.5, 0.5],
        [-0.5, -0.5, 0.5, 0.5],
        [-1.0, 0.0, 0.0, 1.0],
        [1.0, -1.0, -1.0, 1.0],
    ]
)


def two_by_two_rows(
    shares: pd.DataFrame, crossed: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of `two_by_two`: four effects at each depth, then over all depths.

    Parameters
    ----------
    shares
        Of `shares_learned`.
    crossed
        Two levels of each of two factors, or None.
    """
    if not crossed:
        return
    one, other = crossed
    rest = [factor for factor in SETTING if factor not in crossed]
    corners = [(a, b) for b in crossed[other] for a in crossed[one]]
    for levels, rows in shares.groupby(rest):
        setting = dict(zip(rest, levels, strict=True))
        by_corner = {pair: some.set_index("depth") for pair, some in rows.groupby([one, other])}
        if any(corner not in by_corner for corner in corners):
            continue
        counts = pd.concat([by_corner[corner][["learned", "n"]] for corner in corners], axis=1)
        counts = counts.dropna()
        # axes (depth, corner)
        learned, n = counts["learned"].to_numpy(), counts["n"].to_numpy()
        for depth, k, m in zip(counts.index, learned, n, strict=True):
            yield from _effects(crossed, {**setting, "depth": depth}, k[None], m[None])
        if len(counts):
            yield from _effects(crossed, {**setting, "depth": None}, learned, n)


def _effects(
    crossed: Mapping[str, Any], keys: Mapping[str, Any], learned: Array, n: Array
) -> Iterator[dict[str, Any]]:
    """Yield the effects, averaged over depths; axes (depth, corner)."""
    shares = wilson(learned, n)
    ends = [end.reshape(-1) for end in (shares.value, shares.low, shares.high)]
    for weight, (effect, change) in zip(WEIGHTS, _changes(crossed).items(), strict=True):
        yield {
            **keys,
            "effect": effect,
            "change": change,
            **weighted_sum(np.tile(weight, len(n)) / len(n), *ends).columns(),
            "depths": len(n),
            "n": int(n.sum()),
        }


def _changes(crossed: Mapping[str, Any]) -> dict[str, str]:
    """Return in words what each effect compares, in the order of `WEIGHTS`."""
    (without, after), _ = crossed.values()
    one, other = (f"{first} to {second}" for first, second in crossed.values())
    return {
        **dict(zip(crossed, (one, other), strict=True)),
        BOTH: f"{one} and {other}",
        INTERACTION: f"{other} with {after}, less the same with {without}",
    }
