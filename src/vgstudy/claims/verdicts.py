"""From shares and intervals to verdicts; what would settle an open one.

A statement about an order holds for a seed or not. It is replicated where it holds for at least
REPLICATED_SHARE of the seeds, not replicated where it holds for at most REFUTED_SHARE, if the
interval of that share excludes one half; in between it holds for some seeds, or for few if for less
than half of them, if the interval excludes one half or both ends. Everything else is inconclusive.
For a reported number the share is that of the seeds that come near it.
"""

from collections.abc import Callable
from math import ceil, floor

from vgstudy.analysis.intervals import wilson

REPLICATED, SOME, FEW = "replicated", "replicated for some seeds", "replicated for few seeds"
NOT, INCONCLUSIVE = "not replicated", "inconclusive"
ANSWERED, NOT_RUN = "answered", "not run"
VERDICTS = (REPLICATED, SOME, FEW, NOT, INCONCLUSIVE, ANSWERED, NOT_RUN)

REPLICATED_SHARE, REFUTED_SHARE = 0.9, 0.1
FIRM = 20  # seeds below which a verdict is marked as resting on few
# runs that failed, and runs that learned, below which nothing is said to predict failure
FEWEST_OF_EACH = 10
MAX_SEEDS = 10_000  # beyond this no number of seeds is named


def of_share(share: float, low: float, high: float) -> str:
    """Return the verdict on a statement that holds for a share of the seeds, from that share's
    interval."""
    if share >= REPLICATED_SHARE:
        return REPLICATED if low > 0.5 else INCONCLUSIVE
    if share <= REFUTED_SHARE:
        return NOT if high < 0.5 else INCONCLUSIVE
    inside = low > REFUTED_SHARE and high < REPLICATED_SHARE
    if not (inside or low > 0.5 or high < 0.5):
        return INCONCLUSIVE
    return SOME if share >= 0.5 else FEW


def of_number(inside: bool, share: float, low: float, high: float) -> str:
    """Return the verdict on a reported number, by whether it is inside the one-seed prediction
    interval and by the share of seeds that come near it, with that share's interval.

    It is replicated where it is inside and half of the seeds come near; otherwise the share
    decides, as of an order.
    """
    if inside and share >= 0.5:
        return REPLICATED
    verdict = of_share(share, low, high)
    return SOME if verdict == REPLICATED else verdict


def of_interval(inside: bool, outside: bool) -> str:
    """Return the verdict where an interval decides: wholly on the claimed side, wholly on the
    other, or neither."""
    return REPLICATED if inside else NOT if outside else INCONCLUSIVE


def seeds_for_share(share: float) -> int | None:
    """Return the smallest number of seeds with which such a share, rounded up or down to whole
    seeds, would settle the verdict; None beyond MAX_SEEDS."""

    def is_settled(n: int) -> bool:
        counts = {floor(share * n + 1e-9), ceil(share * n - 1e-9)}
        intervals = [(k / n, wilson(k, n)) for k in counts]
        verdicts = [of_share(part, float(ends.low), float(ends.high)) for part, ends in intervals]
        return INCONCLUSIVE not in verdicts

    return _smallest(is_settled)


def seeds_for_margin(value: float, half_width: float, margin: float, n: int) -> int | None:
    """Return the number of seeds with which the half-width, shrinking with their root, leaves the
    value's interval on one side of the margin; None beyond MAX_SEEDS."""
    room = abs(margin - abs(value))
    needed = ceil(n * (half_width / room) ** 2) if room else MAX_SEEDS + 1
    return needed if needed <= MAX_SEEDS else None


def _smallest(is_settled: Callable[[int], bool]) -> int | None:
    """Return the smallest number that settles a question, found by doubling; None beyond
    MAX_SEEDS."""
    high = 2
    while not is_settled(high):
        high *= 2
        if high > MAX_SEEDS:
            return None
    return next(n for n in range(high // 2, high + 1) if is_settled(n))
