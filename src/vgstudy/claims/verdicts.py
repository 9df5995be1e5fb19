"""From shares and intervals to verdicts; what would settle an open one.

A statement about an order holds for a seed or not. It is replicated where it holds for at least
MOST of the seeds, not replicated where it holds for at most LEAST, if the interval of that share
excludes one half; in between it holds for some seeds, or for few if for less than half of them, if
the interval excludes one half or both ends. Everything else is inconclusive. For a reported number
the share is that of the seeds that come near it.
"""

from collections.abc import Callable
from math import ceil, floor

from vgstudy.analysis.intervals import wilson

REPLICATED, SOME, FEW = "replicated", "replicated for some seeds", "replicated for few seeds"
NOT, INCONCLUSIVE = "not replicated", "inconclusive"
ANSWERED, NOT_RUN = "answered", "not run"
VERDICTS = (REPLICATED, SOME, FEW, NOT, INCONCLUSIVE, ANSWERED, NOT_RUN)

MOST, LEAST = 0.9, 0.1
FIRM = 20  # seeds below which a verdict is told as resting on few
FEWEST_OF_EACH = (
    10  # runs that failed, and runs that learned, below which nothing is said to predict failure
)
MAX_SEEDS = 10_000  # beyond this no number of seeds is named


def of_share(share: float, low: float, high: float) -> str:
    """The verdict on a statement that holds for a share of the seeds, from that share's
    interval."""
    if share >= MOST:
        return REPLICATED if low > 0.5 else INCONCLUSIVE
    if share <= LEAST:
        return NOT if high < 0.5 else INCONCLUSIVE
    decided = low > 0.5 or high < 0.5 or (low > LEAST and high < MOST)
    return (SOME if share >= 0.5 else FEW) if decided else INCONCLUSIVE


def of_number(inside: bool, share: float, low: float, high: float) -> str:
    """The verdict on a reported number, by the one-seed prediction interval and the share of seeds
    that come near the number.

    It is replicated where it lies inside and half of the seeds come near; otherwise the share
    decides, as of an order.
    """
    if inside and share >= 0.5:
        return REPLICATED
    verdict = of_share(share, low, high)
    return SOME if verdict == REPLICATED else verdict


def seeds_for_share(share: float) -> int | None:
    """The smallest number of seeds with which such a share, rounded up or down to whole seeds,
    would settle the verdict."""

    def settled(n: int) -> bool:
        counts = {floor(share * n + 1e-9), ceil(share * n - 1e-9)}
        verdicts = [
            of_share(k / n, *map(float, (wilson(k, n).low, wilson(k, n).high))) for k in counts
        ]
        return INCONCLUSIVE not in verdicts

    return smallest(settled)


def smallest(settled: Callable[[int], bool]) -> int | None:
    """The smallest number of seeds that settles a question, found by doubling and halving; None
    beyond MAX_SEEDS."""
    high = 2
    while not settled(high):
        high *= 2
        if high > MAX_SEEDS:
            return None
    return next(n for n in range(high // 2, high + 1) if settled(n))
