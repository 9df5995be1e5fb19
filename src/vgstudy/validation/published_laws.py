"""Published numbers compared with ours by rules set before looking; first those that theory gives
without drawing a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binomtest

from vgstudy.cells import KerasObject
from vgstudy.theory import mean_field
from vgstudy.theory.activations import activation
from vgstudy.theory.finite_width import log_factor, p_dead
from vgstudy.theory.gaussian import expect

Array = NDArray[np.float64]

ERRORS = 4  # standard errors: of a hundred right numbers, simulated again each, none fails
POOLE = "Poole et al. 2016, figure 1"
SUSSILLO = "Sussillo & Abbott 2014"
DEATH = "Lu et al. 2020, Rister & Rubin 2020"
SELU = "Klambauer et al. 2017"
DEAD = {2: 0.944, 3: 0.737}  # by width, of 10 layers
WIDTHS = (10, 25, 100, 400)


@dataclass(frozen=True)
class Check:
    """A published number, ours, and whether they agree by the rule: a row of the table."""

    source: str
    quantity: str
    setup: str
    published: float
    ours: float
    rule: str
    agrees: bool
    note: str | None = None


@dataclass(frozen=True)
class Number:
    """A published number: its source, what it is, of which network."""

    source: str
    quantity: str
    setup: str
    value: float

    def within(self, ours: float, tolerance: float, note: str | None = None) -> Check:
        """Compare with a number that has no error of its own."""
        agrees = abs(ours - self.value) <= tolerance
        return self._check(ours, f"differs by at most {tolerance:g}", agrees, note)

    def within_share(self, ours: float, share: float, note: str | None = None) -> Check:
        """Compare with a number that has no error of its own, relative to the published one."""
        agrees = abs(ours / self.value - 1) <= share
        return self._check(ours, f"differs by at most {100 * share:g} %", agrees, note)

    def mean_of(self, logs: Array, slack: float = 0.0, note: str | None = None) -> Check:
        """Compare with the geometric mean of measured numbers.

        Parameters
        ----------
        logs
            Natural logs of what was measured, axis (network,), independent.
        slack
            How far the log may differ in addition: the distance of a network of finite width from
            the limit that the number is of.
        """
        error = float(logs.std(ddof=1)) / sqrt(len(logs))
        agrees = abs(float(logs.mean()) - log(self.value)) <= ERRORS * error + slack
        added = f" and {slack:.2g}" if slack else ""
        rule = f"log differs by at most {ERRORS} standard errors ({error:.2g} each){added}"
        return self._check(exp(logs.mean()), rule, agrees, note)

    def share_of(self, count: int, n: int) -> Check:
        """Compare with a share of networks by its 99.9 % Clopper-Pearson interval."""
        ends = binomtest(count, n).proportion_ci(0.999, "exact")
        rule = f"inside {ends.low:.3f} to {ends.high:.3f}, 99.9 % Clopper-Pearson"
        return self._check(count / n, rule, ends.low <= self.value <= ends.high, None)

    def one_of(self, values: Array, note: str | None = None) -> Check:
        """Compare with the values of single networks, axis (network,), of which the published
        number is one."""
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        rule = f"inside the middle 90 % of {len(values)} nets, {low:.2g} to {high:.2g}"
        return self._check(float(middle), rule, bool(low < self.value < high), note)

    def _check(self, ours: float, rule: str, agrees: bool, note: str | None) -> Check:
        return Check(self.source, self.quantity, self.setup, self.value, ours, rule, agrees, note)


def law_checks() -> Iterator[Check]:
    """Check the critical point of tanh, the fixed point of SELU, fits to the log factor of a ReLU
    layer and the probability of a dead network."""
    yield critical_point()
    yield from fixed_point_of_selu()
    for width in WIDTHS:
        yield from sussillo_abbott(width)
    for width, published in DEAD.items():
        setup = f"ReLU, 10 layers of {width}: 1 - prod(1 - 2^-N)"
        number = Number(DEATH, "P(dead) at one input", setup, published)
        yield number.within(p_dead([width] * 10), 5e-4)


def critical_point() -> Check:
    """Check where chi passes 1 at sb2 = .05: the paper's figure gives it to three digits."""
    tanh = activation(KerasObject(class_name="tanh"))

    def excess(kernel: float) -> float:
        return mean_field.chi(tanh, mean_field.fixed_point(tanh, kernel, 0.05), kernel) - 1

    critical = float(brentq(excess, 1.2, 2.5))
    setup = "tanh, variance of biases .05, infinite width"
    number = Number(POOLE, "critical sw2", setup, 1.76)
    return number.within(critical, 0.005, f"to four digits {critical:.4f}")


def fixed_point_of_selu() -> Iterator[Check]:
    """Check that LeCun normal kernels keep mean 0 and variance 1 of SELU's activations."""
    selu = activation(KerasObject(class_name="selu"))
    mean = float(expect(selu.value, np.zeros(1), np.ones(1), selu.kinks)[0])
    square = mean_field.variance_map(selu, 1.0, 1.0)
    setup = "SELU, LeCun kernels, infinite width"
    yield Number(SELU, "mean activation kept", setup, 0.0).within(mean, 1e-6)
    yield Number(SELU, "mean square of activations kept", setup, 1.0).within(square, 1e-6)


def sussillo_abbott(width: int) -> Iterator[Check]:
    """Check mean and variance of ln z, the log change of the squared signal in one layer, with
    kernels of variance 1/N."""
    law, setup = log_factor(width, 1.0), f"ReLU, one input, width {width}"
    mean, variance = -2.4 / (max(width, 6) - 2.4), 5 / (max(width, 6) - 4)
    note = "the published formula is a fit to simulations"
    number = Number(SUSSILLO, "E[ln z] + ln 2", setup, mean)
    yield number.within_share(law.mean + log(2), 0.05, note)
    number = Number(SUSSILLO, "var ln z", setup, variance)
    yield number.within_share(law.variance, 0.05, note)
