"""A procedure simulated on many samples whose truth is known, and the row of `coverage` that comes
of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.intervals import CONFIDENCE, Interval, wilson

Array = NDArray[np.float64]

SEEDS = (5, 10, 30)
TOLERANCE = 0.02  # coverage from .93 to .97 is as stated
PRIMARY, LABELLED, SECOND, WITHDRAWN = "primary", "labelled", "second", "withdrawn"


@dataclass(frozen=True)
class Trial:
    """A procedure simulated on one truth at one number of seeds.

    Attributes
    ----------
    role
        PRIMARY: decides; `labels.labelled` makes it LABELLED where the simulation finds that it is
        not as stated. SECOND: shown beside. WITHDRAWN: simulated to show why it is not offered.
    nominal
        What the coverage should be; of a test, the largest share of false findings.
    hits
        For each repetition 1 if the interval holds the truth (of a test: if there is a false
        finding), 0 if not, NaN if none could be made.
    width
        Of the intervals on the scale on which they are made, axis (repetition,); NaN for tests.
    """

    procedure: str
    role: str
    truth: str
    n: int
    nominal: float
    hits: Array
    width: Array


def trial(procedure: str, role: str, truth: str, n: int, interval: Interval, value: Any) -> Trial:
    """A trial of intervals, axis (repetition,), for a true value, or for one of each repetition."""
    known = ~np.isnan(interval.low)
    hits = np.where(known, (interval.low <= value) & (value <= interval.high), np.nan)
    return Trial(procedure, role, truth, n, CONFIDENCE, hits, interval.high - interval.low)


def joint(procedure: str, role: str, truth: str, n: int, interval: Interval, value: Array) -> Trial:
    """A trial of bands, axes (repetition, point): a hit holds the truth at all points; the width is
    the mean over points."""
    known = ~np.isnan(interval.low).any(axis=-1)
    hits = np.where(
        known, np.all((interval.low <= value) & (value <= interval.high), axis=-1), np.nan
    )
    return Trial(
        procedure, role, truth, n, CONFIDENCE, hits, (interval.high - interval.low).mean(axis=-1)
    )


def row(found: Trial) -> dict[str, Any]:
    """The row of `coverage`, with the simulation's own error."""
    made = found.hits[~np.isnan(found.hits)]
    share = wilson(made.sum(), len(made))
    widths = found.width[~np.isnan(found.width)]
    return {
        **{name: getattr(found, name) for name in ("procedure", "role", "truth", "n", "nominal")},
        **{"coverage": float(share.value), "low": float(share.low), "high": float(share.high)},
        "width": float(np.median(widths)) if len(widths) else None,
        "made": len(made),
        "repetitions": len(found.hits),
    }
