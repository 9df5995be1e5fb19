"""P values of many tests: Holm inside a family declared before looking, false discovery rate for everything else."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

HOLM, EXPLORATORY = "Holm", "exploratory, FDR"
_METHODS = {HOLM: "holm", EXPLORATORY: "fdr_bh"}


def adjusted(p: NDArray[np.float64], family: "pd.Series[str]", method: str = HOLM) -> NDArray[np.float64]:
    """P values corrected within each family: Holm (1979) bounds the chance of any error, Benjamini & Hochberg (1995) their share.

    NaN, a test that could not be made, stays NaN and does not count.
    """
    found = np.full(len(p), np.nan)
    for name in family.unique():
        usable = np.flatnonzero((family == name).to_numpy() & ~np.isnan(p))
        if len(usable):
            found[usable] = multipletests(p[usable], method=_METHODS[method])[1]
    return found
