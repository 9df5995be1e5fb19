"""What a simulation says of the intervals of each method; `vgstudy coverage` makes the table that
this sums up."""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgstudy.analysis.intervals import CHI_SQUARED, GEOMETRIC_T, MEAN_T, WILSON

STATED, APPROXIMATE = "as stated", "approximate"
LABELS = (STATED, APPROXIMATE)
# seeds from which on a method covers what it says, at least the 5 that are simulated; infinite: in
# no number
STATED_FROM: Mapping[str, float] = MappingProxyType(
    {GEOMETRIC_T: 5, WILSON: 30, MEAN_T: inf, CHI_SQUARED: inf}
)


def label_codes(method: str, n: ArrayLike) -> NDArray[np.int64]:
    """Places in LABELS of intervals by a method from so many seeds."""
    return (np.asarray(n) < STATED_FROM[method]).astype(np.int64)
