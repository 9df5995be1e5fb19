"""What judging a statement gives."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.intervals import CONFIDENCE
from vgstudy.claims import verdicts
from vgstudy.claims.numbers import sample
from vgstudy.formatting import plural

Array = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True)
class Judged:
    """What the seeds say about a statement; NaN where a number does not apply.

    Attributes
    ----------
    value, low, high, method, confidence
        The estimate and its interval: of the quantity, of the share of seeds for which an order
        holds, or of a difference.
    seed_low, seed_high
        Where one more seed would fall.
    share
        Share of the seeds for which the statement holds.
    n, n_failed
        Seeds, and seeds without a value.
    verdict, needed_n
        One of `verdicts.VERDICTS`, and the seeds that would settle an inconclusive one.
    sentence
        How the verdict follows.
    sample
        Values of the seeds, or what is compared, thinned.
    """

    verdict: str
    sentence: str
    n: int
    n_failed: int
    value: float = NAN
    low: float = NAN
    high: float = NAN
    method: str = "none"
    confidence: float = CONFIDENCE
    seed_low: float = NAN
    seed_high: float = NAN
    share: float = NAN
    needed_n: int | None = None
    sample: list[float] = field(default_factory=list)


def living(values: Array) -> tuple[Array, int]:
    """The values that are there, and how many are not."""
    there = values[~np.isnan(values)]
    return there, len(values) - len(there)


def too_few(there: Array, lost: int, needed: int) -> Judged:
    """Too few seeds to judge by: their median, no interval."""
    sentence = f"{plural(len(there), 'seed')} with a value: fewer than the {needed} without which no number is judged."
    value = float(np.median(there)) if len(there) else NAN
    return Judged(
        verdicts.INCONCLUSIVE,
        sentence,
        len(there) + lost,
        lost,
        value,
        needed_n=needed,
        sample=sample(there),
    )
