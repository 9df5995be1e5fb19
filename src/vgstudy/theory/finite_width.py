"""Exact laws at finite width, for one input: how much delta changes in one layer, and how likely a
network is dead.

Law of one layer. Let phi(u) = max(u, 0) + a min(u, 0) (ReLU a = 0, linear a = 1), kernels of
independent normal entries of mean 0, zero biases and one output. Then ||delta_l||^2 /
||delta_{l+1}||^2 of the square layers are independent, each distributed as

    (sw2 / N) (A + a^2 B),    A ~ chi2_K,  B ~ chi2_{N-K},  K ~ Bin(N, 1/2).

Reason: the sign of a unit's pre-activation is a fair coin, independent of its kernel row up to
sign, and signs can be absorbed into the next kernel; so the Jacobian is a product of independent
normal matrices and random masks (Hanin & Nica 2018).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, prod

import numpy as np
from numpy import euler_gamma

_LOG_T = np.arange(-60.0, 100.0, 0.01)


@dataclass(frozen=True)
class LogFactor:
    """Mean and variance of the log of ||delta_l||^2 / ||delta_{l+1}||^2, given that it is not 0;
    natural logarithms."""

    mean: float
    variance: float

    @property
    def typical(self) -> float:
        """The typical decay factor of delta: exp of half the mean log."""
        return exp(self.mean / 2)


def log_factor(width: int, kernel: float, negative_slope: float = 0.0) -> LogFactor:
    """Return the moments of one layer's log factor.

    Integrals over log t of exp(-t) - M(t), and of that times log t, give the mean of log X and of
    its square (Frullani). Here M(t) = ((1 + 2t)^-1/2 / 2 + (1 + 2 a^2 t)^-1/2 / 2)^N is the Laplace
    transform of X = A + a^2 B, less P(X = 0). For a = 0 the results are binomial sums of digamma
    and trigamma functions.

    Parameters
    ----------
    width
        N.
    kernel
        sw2 = N Var(w).
    negative_slope
        a.
    """
    t = np.exp(_LOG_T)
    transform = ((1 + 2 * t) ** -0.5 / 2 + (1 + 2 * negative_slope**2 * t) ** -0.5 / 2) ** width
    dead = 0.5**width if negative_slope == 0 else 0.0
    gap = np.exp(-t) - (transform - dead) / (1 - dead)
    step = _LOG_T[1] - _LOG_T[0]
    mean = step * gap.sum()
    square = -2 * (step * (gap * _LOG_T).sum() + euler_gamma * mean)
    return LogFactor(float(mean + np.log(kernel / width)), float(square - mean**2))


def p_dead(widths: Iterable[int]) -> float:
    """Return the probability that a ReLU network is dead at one input: some hidden layer has every
    unit off.

    1 - prod(1 - 2^-N) over the hidden layers (Lu et al. 2020; Rister & Rubin 2020), for independent
    kernel entries of any continuous distribution symmetric about 0, and zero biases. Being dead at
    all inputs of a set is at most as likely.
    """
    return 1 - prod(1 - 0.5**width for width in widths)
