"""Pairs of cells that differ in one factor, compared; cells are independent, so nothing is paired by seed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vgstudy.analysis.chunks import Chunk
from vgstudy.analysis.estimates import defined, end_moments, ratio_moments, status_counts
from vgstudy.analysis.intervals import (
    CONFIDENCE,
    NEWCOMBE,
    WELCH_DIFFERENCE,
    WELCH_RATIO,
    Interval,
    Moments,
    newcombe,
    welch_difference,
    welch_ratio,
    wilson,
)
from vgstudy.schema import FACTORS

METHODS = {
    "d_g": WELCH_RATIO,
    "d_delta": WELCH_RATIO,
    "end_to_end_g": WELCH_RATIO,
    "p_learned": NEWCOMBE,
    "test_accuracy": WELCH_DIFFERENCE,
}


def summary(chunk: Chunk) -> pd.DataFrame:
    """What contrasts need of a chunk, by cell, quantity and epoch, whatever the number of seeds.

    n counts the seeds of the design; n_alive, mean and var are of those with a value. Ratios: of natural logs, at the first
    and the last probe epoch, for cells deep enough. p_learned: mean is the share.
    """
    frames = []
    for quantity in (name for name, method in METHODS.items() if method == WELCH_RATIO):
        logs, where = ratio_moments(chunk, quantity), defined(chunk, quantity)
        for at in sorted({0, len(chunk.epochs) - 1}):
            group = Moments(logs.n[:, at], logs.mean[:, at], logs.var[:, at])
            frames.append(_frame(chunk, quantity, int(chunk.epochs[at]), group)[where])
    count, n = status_counts(chunk, "learned")
    share = wilson(count, n).value
    frames.append(_frame(chunk, "p_learned", chunk.last_epoch, Moments(n, share, np.full_like(n, np.nan))))
    frames.append(_frame(chunk, "test_accuracy", chunk.last_epoch, end_moments(chunk, "test_accuracy")))
    return pd.concat(frames, ignore_index=True)


def _frame(chunk: Chunk, quantity: str, epoch: int, group: Moments) -> pd.DataFrame:
    keys = {"cell": chunk.cells, "quantity": quantity, "epoch": epoch}
    return pd.DataFrame({**keys, "n": chunk.n, "n_alive": group.n, "mean": group.mean, "var": group.var})


def pairs(runs: pd.DataFrame, declared: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Columns cell, reference, factor: every two cells of the design that differ in a declared factor alone.

    `declared` are mappings with `factor` and the level that is its `reference`.
    """
    cells = runs[["cell", *FACTORS]].drop_duplicates("cell")
    found = [_pairs(cells, contrast["factor"], contrast["reference"]) for contrast in declared]
    return pd.concat([pd.DataFrame(columns=["cell", "reference", "factor"]), *found], ignore_index=True)


def _pairs(cells: pd.DataFrame, factor: str, reference: Any) -> pd.DataFrame:
    is_reference = cells[factor] == reference
    references = cells[is_reference].rename(columns={"cell": "reference"}).drop(columns=factor)
    others = [name for name in FACTORS if name != factor]
    found: pd.DataFrame = cells[~is_reference].merge(references, on=others)[["cell", "reference"]]
    return found.assign(factor=factor)


def contrast_rows(pairs: pd.DataFrame, summaries: pd.DataFrame) -> dict[str, Any]:
    """The columns of `contrasts`: each pair in each quantity and epoch that both cells have."""
    references = summaries.rename(columns={"cell": "reference"})
    both = pairs.merge(summaries, on="cell").merge(references, on=["reference", "quantity", "epoch"], suffixes=("", "_reference"))
    both = both.assign(method=both["quantity"].map(METHODS), value=np.nan, low=np.nan, high=np.nan, p=np.nan)
    for method, compare in _COMPARE.items():
        some = both.index[both["method"] == method]
        interval = compare(_group(both.loc[some], ""), _group(both.loc[some], "_reference"))
        for name in ("value", "low", "high", "p"):
            both.loc[some, name] = getattr(interval, name)
    numbers = {name: pa.array(both[name], from_pandas=True) for name in ("value", "low", "high", "p")}
    counts = {name: both[name].astype(int) for name in ("n", "n_reference", "n_alive", "n_alive_reference")}
    names = {name: both[name] for name in ("cell", "reference", "factor", "quantity", "epoch", "method")}
    return {**names, **numbers, **counts, "confidence": np.full(len(both), CONFIDENCE)}


def _group(frame: pd.DataFrame, suffix: str) -> Moments:
    return Moments(*(frame[name + suffix].to_numpy(dtype=float) for name in ("n_alive", "mean", "var")))


def _newcombe(group: Moments, reference: Moments) -> Interval:
    return newcombe(*(wilson(np.rint(g.mean * g.n), g.n) for g in (group, reference)))


_COMPARE: Mapping[str, Callable[[Moments, Moments], Interval]] = {
    WELCH_RATIO: welch_ratio,
    WELCH_DIFFERENCE: welch_difference,
    NEWCOMBE: _newcombe,
}
