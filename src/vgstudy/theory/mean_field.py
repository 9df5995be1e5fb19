"""The limit of infinite width, for kernels of mean 0: one number per layer, the variance q of a
pre-activation.

References: Poole et al. 2016, "Exponential expressivity in deep neural networks through transient
chaos"; Schoenholz et al. 2017, "Deep information propagation". Throughout, `kernel` is sw2 = fan_in
Var(w), `bias` is sb2 = Var(b), and logarithms are natural.
"""

from math import inf, log

import numpy as np
from scipy.optimize import brentq

from vgstudy.theory.activations import Activation, Function
from vgstudy.theory.gaussian import expect

# a smaller relative change of q counts as none: every q is a fixed point, as for ReLU with He
# kernels
_NEUTRAL = 1e-10
_ROUNDING = 1e-13
_SMALLEST, _LARGEST = 1e-20, 1e20


def variance_map(activation: Activation, q: float, kernel: float, bias: float = 0.0) -> float:
    """Return the next layer's q: sw2 E[phi(sqrt(q) z)^2] + sb2, z standard normal (Poole et al.
    2016)."""
    return kernel * _mean_square(activation.value, q, activation) + bias


def fixed_point(
    activation: Activation, kernel: float, bias: float = 0.0, start: float = 1.0
) -> float:
    """Return the variance q* that a deep network approaches.

    Parameters
    ----------
    activation, kernel, bias
        The activation, sw2 and sb2.
    start
        q of the first layer, positive. From there the nearest fixed point in the direction of flow
        is taken; it is `start` itself if q does not change, 0 or infinity if q shrinks or grows
        without end.
    """

    def growth(q: float) -> float:
        return variance_map(activation, q, kernel, bias) / q - 1

    first = growth(start)
    if abs(first) < _NEUTRAL:
        return start
    step, low = (2.0 if first > 0 else 0.5), start
    while _SMALLEST < low < _LARGEST:
        high = low * step
        if growth(high) * first < 0 and abs(growth(high)) > _ROUNDING:
            return float(brentq(growth, min(low, high), max(low, high), rtol=1e-13))
        low = high
    return inf if first > 0 else 0.0


def chi(activation: Activation, q: float, kernel: float) -> float:
    """Return the factor by which the mean square of delta changes per layer toward the input:
    sw2 E[phi'(sqrt(q) z)^2] on square layers.

    Its limit is taken where q is 0 or infinite. The decay factor of delta is its square root.
    """
    return kernel * _mean_square(activation.slope, min(max(q, _SMALLEST), _LARGEST), activation)


def _mean_square(function: Function, q: float, activation: Activation) -> float:
    """Return E[f(sqrt(q) z)^2] of the value or the slope f of an activation."""
    squares = expect(lambda u: function(u) ** 2, np.zeros(1), np.array([q]), activation.kinks)
    return float(squares[0])


def depth_scale(chi: float) -> float:
    """Return the layers over which the mean square of delta shrinks by a factor e, -1 / log chi
    (Schoenholz et al. 2017).

    It is negative if the mean square grows, and infinite at chi = 1.
    """
    if chi == 0:
        return 0.0
    return inf if abs(log(chi)) < 1e-8 else -1 / log(chi)
