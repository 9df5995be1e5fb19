"""Theory: quadrature, recursions and laws against scipy, closed forms and one another. No
TensorFlow."""

from functools import partial
from itertools import pairwise
from math import erf, exp, inf, log, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma, polygamma
from scipy.stats import binom, norm

from vgstudy.cells import KerasObject
from vgstudy.theory import kernels, mean_field, two_modes
from vgstudy.theory.activations import ACTIVATIONS, activation
from vgstudy.theory.finite_width import log_factor, p_dead
from vgstudy.theory.gaussian import dual, expect, hermite
from vgstudy.theory.kernels import Moments


def phi(name, **config):
    return activation(KerasObject(class_name=name, config=config))


REQUIRED = {"threshold": {"threshold": 0.25, "default_value": -1.0}}
BOUNDED = sorted(set(ACTIVATIONS) - {"exponential"})


def by_scipy(function, mean, variance, kinks):
    """E f(mean + sd z) by adaptive quadrature between kinks and about them."""
    sd = sqrt(variance)
    edges = {(kink + away - mean) / sd for kink in (0.0, *kinks) for away in (-3, -0.5, 0, 0.5, 3)}
    points = [-11.0, *sorted(edge for edge in edges if abs(edge) < 11), 11.0]
    parts = [
        quad(
            lambda z: float(function(np.array(mean + sd * z))) * norm.pdf(z),
            low,
            high,
            epsabs=1e-13,
            limit=200,
        )[0]
        for low, high in pairwise(points)
    ]
    return sum(parts)


@pytest.mark.parametrize("name", BOUNDED)
@pytest.mark.parametrize(("mean", "variance"), [(0.0, 0.3), (0.0, 400.0), (-2.5, 1.5), (3.0, 0.01)])
def test_expectations_against_scipy(name, mean, variance):
    given = phi(name, **REQUIRED.get(name, {}))
    for function in (lambda u: given.value(u) ** 2, given.slope):
        result = expect(function, np.array([mean]), np.array([variance]), given.kinks)[0]
        assert result == pytest.approx(
            by_scipy(function, mean, variance, given.kinks), rel=1e-8, abs=1e-10
        )


def test_expectations_by_hand():
    mean, variance = np.array([[0.0, 2.0], [-1.0, 0.5]]), np.array([[1e-12, 4.0], [0.0, 1e8]])
    np.testing.assert_allclose(
        expect(lambda u: u**2, mean, variance), mean**2 + variance, rtol=1e-12
    )
    small = np.array([[1e-12, 4.0], [0.0, 2.0]])
    np.testing.assert_allclose(expect(np.exp, mean, small), np.exp(mean + small / 2), rtol=1e-9)
    assert expect(np.exp, np.zeros(1), np.array([1e7]))[0] == inf


@pytest.mark.parametrize("kernel", [0.5, 1.0, 2.0, 5.0])
def test_chi_of_piecewise_linear_activations_by_hand(kernel):
    for q in (0.0, 0.3, 50.0, inf):
        assert mean_field.chi(phi("linear"), q, kernel) == pytest.approx(kernel, rel=1e-12)
        assert mean_field.chi(phi("relu"), q, kernel) == pytest.approx(kernel / 2, rel=1e-12)
        assert mean_field.chi(phi("leaky_relu", negative_slope=0.3), q, kernel) == pytest.approx(
            kernel * 1.09 / 2, rel=1e-12
        )


@pytest.mark.parametrize(
    ("name", "kernel", "start", "expected"),
    [
        ("relu", 2.0, 0.37, 0.37),  # every q is a fixed point
        ("linear", 1.0, 4.2, 4.2),
        ("relu", 1.9, 0.37, 0.0),
        ("relu", 2.1, 0.37, inf),
        ("tanh", 1.0, 1.0, 0.0),  # marginal: q falls as 1/(2l)
        ("tanh", 0.8, 1.0, 0.0),
        ("hard_tanh", 1.0, 0.57, 0.0),
        ("elu", 1.0, 1.0, 0.0),
        ("log_sigmoid", 2.0, 3.0, inf),  # slower and slower, down to rounding
        ("exponential", 1.0, 1.0, inf),
        ("selu", 1.0, 3.0, 1.0),  # Klambauer et al. 2017 made it so
    ],
)
def test_fixed_points_by_hand(name, kernel, start, expected):
    assert mean_field.fixed_point(phi(name), kernel, start=start) == pytest.approx(
        expected, rel=1e-6
    )


@pytest.mark.parametrize(
    ("name", "kernel", "bias"),
    [("tanh", 2.0, 0.0), ("tanh", 1.76, 0.05), ("sigmoid", 1.0, 0.0), ("softplus", 0.9, 0.1)],
)
def test_fixed_point_against_the_iterated_map(name, kernel, bias):
    for start in (0.01, 0.5, 30.0):
        q = start
        for _ in range(400):
            q = mean_field.variance_map(phi(name), q, kernel, bias)
        assert mean_field.fixed_point(phi(name), kernel, bias, start) == pytest.approx(q, rel=1e-5)


def test_tanh_with_glorot_falls_as_a_power_law_by_hand():
    """tanh(u)^2 = u^2 - 2/3 u^4 + ..., so q' = q - 2 q^2 + ..., hence q_l -> 1/(2l); and chi_l = 1
    - 2 q_l, hence delta^2 ~ l."""
    q, delta2 = 1.0, []
    for _ in range(3000):
        delta2.append((delta2[-1] if delta2 else 1.0) / mean_field.chi(phi("tanh"), q, 1.0))
        q = mean_field.variance_map(phi("tanh"), q, 1.0)
    assert q * 2 * 3001 == pytest.approx(1, rel=5e-3)
    assert delta2[2999] / delta2[999] == pytest.approx(3, rel=5e-3)


def test_depth_scale_by_hand():
    assert mean_field.depth_scale(exp(-1 / 7)) == pytest.approx(7)
    assert mean_field.depth_scale(exp(1 / 7)) == pytest.approx(-7)
    assert mean_field.depth_scale(1.0) == inf
    assert mean_field.depth_scale(0.0) == 0


# finite width


@pytest.mark.parametrize("width", [1, 2, 3, 5, 10, 25, 100, 400])
def test_log_factor_against_digamma_sums(width):
    """log chi2_k has mean digamma(k/2) + log 2 and variance trigamma(k/2)."""
    units = np.arange(1, width + 1)
    chance = binom.pmf(units, width, 0.5) / (1 - 0.5**width)
    means, variances = digamma(units / 2) + log(2), polygamma(1, units / 2)
    mean = chance @ means
    relu, linear = log_factor(width, 2.0), log_factor(width, 1.0, 1.0)
    assert relu.mean == pytest.approx(mean + log(2 / width), abs=1e-10)
    assert relu.variance == pytest.approx(chance @ (variances + means**2) - mean**2, rel=1e-9)
    assert linear.mean == pytest.approx(means[-1] - log(width), abs=1e-10)
    assert linear.variance == pytest.approx(variances[-1], rel=1e-9)
    assert relu.typical == pytest.approx(exp(relu.mean / 2))


@pytest.mark.parametrize("slope", [0.01, 0.3, -0.5])
def test_log_factor_of_leaky_relu_against_simulation(slope):
    rng, draws, width = np.random.default_rng(4), 400_000, 5
    z = rng.standard_normal((draws, width))
    logs = np.log(
        2 / width * np.sum(z**2 * np.where(rng.random(z.shape) < 0.5, 1, slope**2), axis=1)
    )
    result = log_factor(width, 2.0, slope)
    assert logs.mean() == pytest.approx(result.mean, abs=5 * logs.std() / sqrt(draws))
    spread = (logs - logs.mean()) ** 2
    assert spread.mean() == pytest.approx(result.variance, abs=5 * spread.std() / sqrt(draws))


def test_the_variance_of_the_log_factor_falls_as_one_over_width_by_hand():
    """5/N for ReLU, 2/N for linear nets: Hanin's fluctuations grow with the sum of 1/N."""
    assert log_factor(4000, 2.0).variance * 4000 == pytest.approx(5, rel=5e-3)
    assert log_factor(4000, 1.0, 1.0).variance * 4000 == pytest.approx(2, rel=5e-3)


def test_p_dead_by_hand():
    assert p_dead([1]) == 0.5
    assert p_dead([2, 3]) == pytest.approx(1 - 3 / 4 * 7 / 8)
    assert p_dead([]) == 0


# pairs of inputs


def arccosine(q, rho):
    """E[relu(u) relu(v)] and E[relu'(u) relu'(v)] (Cho & Saul 2009, orders 1 and 0)."""
    angle = np.arccos(np.clip(rho, -1, 1))
    scale = np.sqrt(np.outer(q, q))
    return scale * (np.sin(angle) + (pi - angle) * np.cos(angle)) / (2 * pi), (pi - angle) / (
        2 * pi
    )


def correlations(count):
    x = np.random.default_rng(7).standard_normal((count, 3))
    x[1] = 1.7 * x[0]
    covariance = x @ x.T
    q = np.diag(covariance).copy()
    return q, covariance / np.sqrt(np.outer(q, q))


def test_duals_of_relu_against_the_arccosine_kernels():
    q, rho = correlations(12)
    relu, zero, scale = phi("relu"), np.zeros(12), np.sqrt(np.outer(q, q))
    first, zeroth = arccosine(q, rho)
    np.testing.assert_allclose(
        dual(hermite(relu.value, zero, q, relu.kinks), rho) / scale, first / scale, atol=2e-4
    )
    np.testing.assert_allclose(
        dual(hermite(relu.slope, zero, q, relu.kinks), rho), zeroth, atol=5e-4
    )


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("tanh", 1e-6),
        ("sigmoid", 1e-6),
        ("gelu", 1e-5),
        ("leaky_relu", 1e-4),
        ("hard_tanh", 1e-4),
        ("hard_shrink", 1e-3),
    ],
)
def test_duals_against_conditional_expectations(name, error):
    """E[f(u) f(v)] = E[f(u) E[f(v) | u]], the inner expectation with its kinks, the outer one on a
    fine grid."""
    given, (q, rho), mean = phi(name), correlations(6), np.linspace(-1, 1, 6)
    result = dual(hermite(given.value, mean, q, given.kinks), rho)
    z = np.linspace(-9, 9, 4001)
    for i, j in ((0, 2), (3, 4), (5, 1)):
        centre, rest = (
            mean[j] + sqrt(q[j]) * rho[i, j] * z,
            np.full_like(z, q[j] * (1 - rho[i, j] ** 2)),
        )
        inner = expect(given.value, centre, rest, given.kinks)
        wanted = np.trapezoid(given.value(mean[i] + sqrt(q[i]) * z) * inner * norm.pdf(z), z)
        assert result[i, j] == pytest.approx(wanted, abs=error)


@pytest.mark.parametrize("part", ["value", "slope"])
@pytest.mark.parametrize("name", ["relu", "hard_tanh", "threshold"])
def test_the_dual_of_an_argument_with_itself_is_its_mean_square(name, part):
    activation, (q, rho) = phi(name, **REQUIRED.get(name, {})), correlations(5)
    function = getattr(activation, part)
    for mean in (np.zeros(5), np.linspace(-1, 1, 5)):
        squares = np.diag(dual(hermite(function, mean, q, activation.kinks), rho))
        expected = expect(lambda u: function(u) ** 2, mean, q, activation.kinks)
        np.testing.assert_allclose(squares, expected, rtol=1e-6)


def glorot(fan_in, fan_out):
    return kernels.moments(KerasObject(class_name="GlorotUniform"), fan_in, fan_out)


RNG = np.random.default_rng(11)
X, Y = RNG.uniform(-1, 1, (30, 2)), RNG.integers(0, 2, 30).astype(float)


def test_with_mean_zero_the_two_modes_are_the_mean_field_recursion():
    """He kernels: variance 2 / fan_in, so 1 for the two inputs and 1/4 for eight units."""
    he, width = partial(kernels.moments, KerasObject(class_name="HeUniform")), 8
    layers = two_modes.forward(X, phi("tanh"), he, width, 6)
    signals = [np.diag(signal) for signal in two_modes.backward(layers, he, width)]
    q = 2 * 1 * np.mean(X**2, axis=1)
    for index, layer in enumerate(layers):
        slope = [mean_field.chi(phi("tanh"), each, 1.0) for each in q]
        np.testing.assert_allclose(np.diag(layer.slope), slope, rtol=1e-6)
        above = signals[index + 1] * width if index < 5 else np.ones(30)
        np.testing.assert_allclose(signals[index], slope * above / 4, rtol=1e-6)
        q = np.array([mean_field.variance_map(phi("tanh"), each, 2.0) for each in q])
        np.testing.assert_allclose(np.diag(layer.h), q / 2, rtol=1e-6)


def test_the_backward_modes_are_exact_in_linear_nets_by_hand():
    """For A = E[delta delta^T] above, E[W^T A W] = mu^2 (sum of A) 11^T + s^2 tr(A) I."""
    width, depth, entry = 3, 4, Moments(0.4, 0.3)
    layers = two_modes.forward(X, phi("linear"), lambda *_: entry, width, depth)
    matrix = np.ones((1, 1))
    for signal in reversed(two_modes.backward(layers, lambda *_: entry, width)):
        matrix = entry.mean**2 * matrix.sum() * np.ones((width, width)) + entry.variance * np.trace(
            matrix
        ) * np.eye(width)
        np.testing.assert_allclose(signal, np.trace(matrix) / width, rtol=1e-9)


def test_outputs_have_their_limit_as_covariance_by_hand():
    entry = Moments(0.3, 0.2)
    last = two_modes.forward(X, phi("tanh"), glorot, 8, 2)[-1]
    result = two_modes.output(
        last, lambda fan_in, fan_out: Moments(0.3, 0.2 / fan_out * fan_in), 8, np.eye(30)
    )
    centred = result - 8 * entry.mean * last.h_mean[:, None]
    np.testing.assert_allclose(
        centred @ centred.T, 8 * 8 * entry.variance * last.h, rtol=1e-6, atol=1e-6
    )


def test_profiles_of_one_layer_by_hand():
    """ReLU, one hidden layer: E[delta^2] = (mean over inputs of error^2) Var(w) / 2; g adds up
    pairs."""
    layers = two_modes.forward(X, phi("relu"), glorot, 8, 1)
    normal = RNG.standard_normal((30, 5))
    error = 1 / (1 + np.exp(-two_modes.output(layers[0], glorot, 8, normal))) - Y[:, None]
    result = two_modes.profiles(X, Y, layers, glorot, 8, normal)
    np.testing.assert_allclose(
        result["delta"][:, 0] ** 2, np.mean(error**2, axis=0) * 2 / 9 / 2, rtol=1e-9
    )
    norms = np.linalg.norm(X, axis=1)
    _, both_on = arccosine(norms**2, X @ X.T / np.outer(norms, norms))
    pairs = np.einsum("ad,bd,ab->d", error, error, both_on * (X @ X.T / 2)) / 900 * 2 / 9
    np.testing.assert_allclose(result["g"][:, 0] ** 2, pairs, rtol=1e-2)
    np.testing.assert_allclose(result["h"][:, 0] ** 2, 2 / 10 * np.mean(norms**2) / 2, rtol=1e-9)


def test_relu_is_homogeneous_in_the_limit_too_against_theory():
    """g of one input is the same on every square layer of a zero-bias ReLU net, whatever the
    kernels' variance."""
    kernel = partial(
        kernels.moments, KerasObject(class_name="RandomNormal", config={"stddev": 0.9})
    )
    layers = two_modes.forward(X[:1], phi("relu"), kernel, 6, 7)
    result = {
        name: rows[0]
        for name, rows in two_modes.profiles(
            X[:1], Y[:1], layers, kernel, 6, np.ones((1, 1))
        ).items()
    }
    np.testing.assert_allclose(result["g"][1:], result["g"][1], rtol=1e-9)
    below = [sqrt(np.mean(X[0] ** 2)), *result["h"][:-1]]
    np.testing.assert_allclose(result["g"], below * result["delta"], rtol=1e-9)


def test_the_dual_of_a_threshold_by_hand():
    """P(u > t)^2 at correlation 0."""
    given = phi("threshold", threshold=0.5, default_value=0.0)
    result = dual(hermite(given.slope, np.zeros(2), np.ones(2), given.kinks), np.zeros((2, 2)))
    assert result[0, 1] == pytest.approx(((1 - erf(0.5 / sqrt(2))) / 2) ** 2, rel=1e-9)
