"""A procedure applied to many samples whose truth is known: a row of the table of coverage."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.intervals import ALPHA, CONFIDENCE, Interval
from vgstudy.analysis.share_intervals import wilson

Array = NDArray[np.float64]

SEEDS = (5, 10, 30)
# offered; offered but not as stated everywhere; simulated to show why it is not offered
PRIMARY, LABELLED, WITHDRAWN = "primary", "labelled", "withdrawn"


@dataclass(frozen=True)
class Trial:
    """A procedure applied to samples of one truth with one number of seeds.

    Attributes
    ----------
    nominal
        What the coverage should be; of a test, the largest share of false findings.
    hits
        For each repetition 1 if the interval holds the truth (of a test: if it finds something), 0
        if not, NaN if none could be made.
    """

    procedure: str
    role: str
    truth: str
    n: int
    nominal: float
    hits: Array

    def row(self) -> dict[str, Any]:
        """Return the row of the table: coverage with its Wilson interval, `low` to `high`."""
        made = self.hits[~np.isnan(self.hits)]
        share = wilson(made.sum(), len(made))
        return {
            "procedure": self.procedure,
            "role": self.role,
            "truth": self.truth,
            "n": self.n,
            "nominal": self.nominal,
            "coverage": float(share.value),
            "low": float(share.low),
            "high": float(share.high),
            "made": len(made),
            "repetitions": len(self.hits),
        }


def interval_trial(
    procedure: str, role: str, truth: str, n: int, interval: Interval, value: Any
) -> Trial:
    """Return the trial of intervals, axis (repetition,), for a true value or one per repetition."""
    hits = np.where(np.isnan(interval.low), np.nan, _holds(interval, value))
    return Trial(procedure, role, truth, n, CONFIDENCE, hits)


def band_trial(
    procedure: str, role: str, truth: str, n: int, band: Interval, values: Array
) -> Trial:
    """Return the trial of bands, axes (repetition, point): a hit holds the truth at all
    points."""
    missing = np.isnan(band.low).any(axis=-1)
    hits = np.where(missing, np.nan, np.all(_holds(band, values), axis=-1))
    return Trial(procedure, role, truth, n, CONFIDENCE, hits)


def error_trial(procedure: str, truth: str, n: int, p: Array) -> Trial:
    """Return the trial of a test at the 5 % level from its p values, axis (repetition,), where
    there is nothing to find."""
    return Trial(procedure, PRIMARY, truth, n, ALPHA, (p < ALPHA).astype(float))


def ends_interval(low: Array, high: Array) -> Interval:
    """Return intervals of which only the ends are known."""
    return Interval(low, low, high, low)


def _holds(interval: Interval, value: Any) -> NDArray[np.bool_]:
    return np.asarray((interval.low <= value) & (value <= interval.high))
