"""P values of many tests: Holm inside a family declared before looking, false discovery rate for
everything else."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

HOLM, EXPLORATORY = "Holm", "exploratory, FDR"
_METHODS = {HOLM: "holm", EXPLORATORY: "fdr_bh"}


def adjusted(
    p: NDArray[np.float64], family: "pd.Series[str]", method: str = HOLM
) -> NDArray[np.float64]:
    """P values corrected within each family: Holm (1979) bounds the chance of any error, Benjamini
    & Hochberg (1995) their share.

    NaN, a test that could not be made, stays NaN and does not count.
    """
    found = np.full(len(p), np.nan)
    usable = np.flatnonzero(~np.isnan(p))
    codes = pd.factorize(family.to_numpy())[0][usable]
    order = usable[np.argsort(codes, kind="stable")]
    for tests in np.split(order, np.cumsum(np.bincount(codes))[:-1]) if len(usable) else ():
        if len(tests):
            found[tests] = multipletests(p[tests], method=_METHODS[method])[1]
    return found
