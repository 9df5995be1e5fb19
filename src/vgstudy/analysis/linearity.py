"""Does one factor per layer describe a network? A test of the curvature of log RMS over layers."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vgstudy.analysis.cell_moments import group_of
from vgstudy.analysis.chunks import CURVATURES
from vgstudy.analysis.contrasts import adjusted
from vgstudy.analysis.intervals import CONFIDENCE, mean_t

METHOD = "t, curvature"


def linearity_rows(summaries: pd.DataFrame, depth: "pd.Series[int]") -> dict[str, Any]:
    """Return the columns of `linearity`: interval and test of a mean curvature of 0 for each cell.

    P values are corrected by Holm within each quantity.
    Along a parabola with coefficient c the slope at layer 2 and at layer L differs by 2 c (L - 2),
    so the decay factor changes by exp(-2 c (L - 2)), the column curvature_ratio.

    Parameters
    ----------
    summaries
        Of `cell_moments`.
    depth
        Hidden layers by cell.
    """
    rows = summaries[summaries["quantity"].isin(CURVATURES)].reset_index(drop=True)
    found = mean_t(group_of(rows))
    with np.errstate(over="ignore"):
        ratio = np.exp(-2 * found.value * (rows["cell"].map(depth).to_numpy(dtype=float) - 2))
    numbers = {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "curvature_ratio": ratio,
    }
    return {
        "cell": rows["cell"],
        "quantity": rows["quantity"],
        **{name: pa.array(values, from_pandas=True) for name, values in numbers.items()},
        "p_adjusted": pa.array(adjusted(found.p, rows["quantity"]), from_pandas=True),
        "method": np.full(len(rows), METHOD),
        "confidence": np.full(len(rows), CONFIDENCE),
        "n": rows["n"],
        "n_alive": rows["n_alive"].astype(int),
    }
