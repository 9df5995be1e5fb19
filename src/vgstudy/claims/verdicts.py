"""From shares and intervals to verdicts; what would settle an open one.

A statement about an order holds for a seed or not. It is replicated where it holds for at least MOST of the seeds, not replicated
where it holds for at most LEAST, if the interval of that share excludes one half; in between it holds for some seeds, if the
interval excludes one half or both ends. Everything else is inconclusive.
"""

from collections.abc import Callable

from vgstudy.analysis.intervals import wilson

REPLICATED, SOME, NOT, INCONCLUSIVE = "replicated", "replicated for some seeds", "not replicated", "inconclusive"
ANSWERED, NOT_RUN = "answered", "not run"
VERDICTS = (REPLICATED, SOME, NOT, INCONCLUSIVE, ANSWERED, NOT_RUN)

MOST, LEAST = 0.9, 0.1
FEWEST_OF_EACH = 10  # runs that failed, and runs that learned, below which nothing is said to foretell failure
MAX_SEEDS = 10_000  # beyond this no number of seeds is named


def of_share(share: float, low: float, high: float) -> str:
    """The verdict on a statement that holds for a share of the seeds, from that share's interval."""
    if share >= MOST:
        return REPLICATED if low > 0.5 else INCONCLUSIVE
    if share <= LEAST:
        return NOT if high < 0.5 else INCONCLUSIVE
    decided = low > 0.5 or high < 0.5 or (low > LEAST and high < MOST)
    return SOME if decided else INCONCLUSIVE


def of_number(inside: bool, share: float) -> str:
    """The verdict on a reported number, by the one-seed prediction interval and the share of seeds that come near the number."""
    if not inside:
        return NOT
    return REPLICATED if share >= 0.5 else SOME


def seeds_for_share(share: float) -> int | None:
    """The smallest number of seeds with which such a share would settle the verdict."""

    def settled(n: int) -> bool:
        interval = wilson(round(share * n), n)
        return of_share(round(share * n) / n, float(interval.low), float(interval.high)) != INCONCLUSIVE

    return smallest(settled)


def smallest(settled: Callable[[int], bool]) -> int | None:
    """The smallest number of seeds that settles a question, found by doubling and halving; None beyond MAX_SEEDS."""
    high = 2
    while not settled(high):
        high *= 2
        if high > MAX_SEEDS:
            return None
    return next(n for n in range(high // 2, high + 1) if settled(n))
