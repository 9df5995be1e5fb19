"""From the share of seeds that agree with a statement to a verdict on it, and on its claim."""

from collections.abc import Collection

HOLDS, NOT, DEPENDS, UNDECIDED = "holds", "does not hold", "depends on the seed", "undecided"
ANSWERED, NOT_RUN = "answered", "not run"
VERDICTS = (HOLDS, DEPENDS, NOT, UNDECIDED, ANSWERED, NOT_RUN)
WORST_FIRST = (NOT, DEPENDS, UNDECIDED, HOLDS)


def of_share(low: float, high: float) -> str:
    """Return the verdict on a statement from the 95 % interval of the share of seeds for which it
    holds."""
    if low >= 0.7:
        return HOLDS
    if high <= 0.3:
        return NOT
    return DEPENDS if low >= 0.1 and high <= 0.9 else UNDECIDED


def of_claim(verdicts: Collection[str]) -> str:
    """Return the worst of the verdicts on a claim's statements that are not open; without any, the
    claim is a question, and answered."""
    return next((name for name in WORST_FIRST if name in verdicts), ANSWERED)
