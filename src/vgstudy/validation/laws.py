"""Published numbers that theory gives without drawing a network."""

from collections.abc import Iterator
from math import log

import numpy as np
from scipy.optimize import brentq

from vgstudy.cells import KerasObject
from vgstudy.theory import mean_field
from vgstudy.theory.activations import activation
from vgstudy.theory.finite_width import log_factor, p_dead
from vgstudy.theory.gaussian import expect
from vgstudy.validation.check import Check, Number

POOLE = "Poole et al. 2016, figure 1"
SUSSILLO = "Sussillo & Abbott 2014"
DEATH = "Lu et al. 2020, Rister & Rubin 2020"
SELU = "Klambauer et al. 2017"
DEAD = {2: 0.944, 3: 0.737}  # by width, of 10 layers
WIDTHS = (10, 25, 100, 400)


def checks() -> Iterator[Check]:
    """Critical point of tanh, fixed point of SELU, fits to the log factor of a ReLU layer,
    probability of a dead net."""
    yield from critical_point()
    yield from fixed_point_of_selu()
    for width in WIDTHS:
        yield from sussillo_abbott(width)
    for width, published in DEAD.items():
        number = Number(
            DEATH,
            "P(dead) at one input",
            f"ReLU, 10 layers of {width}: 1 - prod(1 - 2^-N)",
            published,
        )
        yield number.within(p_dead([width] * 10), 5e-4)


def critical_point() -> Iterator[Check]:
    """Where chi passes 1 at sb2 = .05, and q* there: the paper's figure gives the first to three
    digits."""
    tanh = activation(KerasObject(class_name="tanh"))

    def excess(kernel: float) -> float:
        return mean_field.chi(tanh, mean_field.fixed_point(tanh, kernel, 0.05), kernel) - 1

    critical = float(brentq(excess, 1.2, 2.5))
    setup = "tanh, variance of biases .05, infinite width"
    yield Number(POOLE, "critical sw2", setup, 1.76).within(
        critical, 0.005, f"to four digits {critical:.4f}"
    )


def fixed_point_of_selu() -> Iterator[Check]:
    """LeCun normal kernels keep mean 0 and variance 1 of SELU's activations."""
    selu = activation(KerasObject(class_name="selu"))
    mean = float(expect(selu.value, np.zeros(1), np.ones(1), selu.kinks)[0])
    setup = "SELU, LeCun kernels, infinite width"
    yield Number(SELU, "mean activation kept", setup, 0.0).within(mean, 1e-6)
    yield Number(SELU, "mean square of activations kept", setup, 1.0).within(
        mean_field.variance_map(selu, 1.0, 1.0), 1e-6
    )


def sussillo_abbott(width: int) -> Iterator[Check]:
    """Mean and variance of ln z, the log change of the squared signal in one layer, with kernels of
    variance 1/N."""
    found = log_factor(width, 1.0)
    setup = f"ReLU, one input, width {width}"
    note = "the published formula is a fit to simulations"
    fitted = -2.4 / (max(width, 6) - 2.4)
    yield Number(SUSSILLO, "E[ln z] + ln 2", setup, fitted).near(found.mean + log(2), 0.05, note)
    yield Number(SUSSILLO, "var ln z", setup, 5 / (max(width, 6) - 4)).near(
        found.variance, 0.05, note
    )
