"""A published number beside ours, and whether the two agree by a rule that was set before
looking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Array = NDArray[np.float64]

ERRORS = 4  # standard errors: of a hundred right numbers, simulated anew each, none is found wrong


@dataclass(frozen=True)
class Check:
    """A row of `conformance`; see `schema`."""

    source: str
    quantity: str
    setup: str
    published: float
    ours: float | None
    rule: str
    agrees: bool | None
    note: str | None = None


@dataclass(frozen=True)
class Number:
    """A published number: where it stands, what it is, of which network."""

    source: str
    quantity: str
    setup: str
    value: float

    def within(self, ours: float, tolerance: float, note: str | None = None) -> Check:
        """Compare with a number that has no error of its own."""
        agrees = abs(ours - self.value) <= tolerance
        return self.check(ours, f"differs by at most {tolerance:g}", agrees, note)

    def near(self, ours: float, share: float, note: str | None = None) -> Check:
        """Compare with a number that has no error of its own, relative to the published one."""
        agrees = abs(ours / self.value - 1) <= share
        return self.check(ours, f"differs by at most {100 * share:g} %", agrees, note)

    def around(self, logs: Array, slack: float = 0.0, note: str | None = None) -> Check:
        """Compare with the geometric mean of measured numbers.

        Parameters
        ----------
        logs
            Natural logs of what was measured, axis (net,), independent.
        slack
            How far the log may be off beside: the distance of a net of finite width from the limit
            that the number is of.
        """
        error = float(logs.std(ddof=1)) / sqrt(len(logs))
        agrees = abs(float(logs.mean()) - log(self.value)) <= ERRORS * error + slack
        also = f" and {slack:.2g}" if slack else ""
        return self.check(
            exp(logs.mean()),
            f"log differs by at most {ERRORS} standard errors ({error:.2g} each){also}",
            agrees,
            note,
        )

    def share(self, count: int, n: int, note: str | None = None) -> Check:
        """Compare with a share of networks by its 99.9 % Clopper-Pearson interval."""
        interval = binomtest(count, n).proportion_ci(0.999, "exact")
        agrees = interval.low <= self.value <= interval.high
        return self.check(
            count / n,
            f"inside {interval.low:.3f} to {interval.high:.3f}, 99.9 % Clopper-Pearson",
            agrees,
            note,
        )

    def among(self, values: Array, note: str | None = None) -> Check:
        """Compare with the values of single nets, axis (net,), which the published number is one
        of."""
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        rule = f"inside the middle 90 % of {len(values)} nets, {low:.2g} to {high:.2g}"
        return self.check(float(middle), rule, bool(low < self.value < high), note)

    def not_run(self, rule: str, note: str) -> Check:
        """The number, which cannot be compared here."""
        return self.check(None, rule, None, note)

    def check(self, ours: float | None, rule: str, agrees: bool | None, note: str | None) -> Check:
        """The number with an answer."""
        return Check(self.source, self.quantity, self.setup, self.value, ours, rule, agrees, note)


def columns(checks: Iterable[Check]) -> dict[str, Sequence[object]]:
    """Checks as columns of `conformance`."""
    listed = list(checks)
    return {name: [getattr(each, name) for each in listed] for name in Check.__dataclass_fields__}
