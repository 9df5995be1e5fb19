"""Published numbers and theory, each re-derived from its source, held against the engine at epoch 0; docs/theory.md lists them.

Measured means are compared within four standard errors over seeds. Where a limit of infinite width is compared with nets of width
N, 2.5 / N is added: twice the log of the exact typical factor of a ReLU layer at one input, which tends to 5 / (4N).
"""

import os
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq
from scipy.special import digamma
from scipy.stats import binom, binomtest, kstest, ortho_group

from nets import GLOROT, HE, UNIFORM, cell, named, runs
from vgstudy.analysis.decay import decay_factor
from vgstudy.cells import Initializer
from vgstudy.engine import losses, models, probes
from vgstudy.engine.train import Stack
from vgstudy.theory import mean_field
from vgstudy.theory.activations import activation
from vgstudy.theory.finite_width import log_factor, p_dead
from vgstudy.theory.kernels import moments
from vgstudy.theory.predictions import predict

LINEAR, RELU, TANH, SIGMOID = (activation(named(name)) for name in ("linear", "relu", "tanh", "sigmoid"))
UNIT_NORMAL = named("RandomNormal", mean=0.0, stddev=1.0)


# tools


def flat_rows(net, layers):
    """Flat rows (stack, parameter), float64, of layers (stack, out, in + 1)."""
    flat = np.zeros((len(layers[0]), net.columns))
    for span, layer in zip(net.spans, layers, strict=True):
        flat[:, span] = layer.reshape(len(layer), -1)
    return flat


def without_bias(kernel):
    return np.concatenate([kernel, np.zeros_like(kernel[:, :, :1])], axis=2)


def passed(net, flat, x, y, loss=losses.BINARY):
    """One pass of the engine, numpy in and out, in float64."""
    return probes.arrays(probes.backpropagate(net, loss, *(tf.constant(each, tf.float64) for each in (flat, x, y))))


def drawn(net, spec, count):
    """Flat rows with kernels drawn by Keras, biases zero."""
    return models.initial_flat(
        net, [Initializer(**dict(spec))] * count, [np.random.SeedSequence(5, spawn_key=(i,)) for i in range(count)]
    )


def rms(arrays):
    return np.sqrt([np.mean(each**2, axis=(1, 2)) for each in arrays]).T  # (stack, layer)


def decay_logs(count, depth=6, **fields):
    """Log decay factors of g, delta and h over seeds, (run,), from the probes of a stack of seeded runs."""
    columns = Stack(runs(count, depth=depth, **fields)).probe()
    square = np.broadcast_to((np.arange(depth + 1) > 0) & (np.arange(depth + 1) < depth), (count, depth + 1))
    return {f"d_{name}": np.log(decay_factor(columns[f"{name}_rms"], square)) for name in ("g", "delta", "h")}


def assert_near(logs, wanted, slack=0.0):
    """The mean of logs over seeds is the log of what is wanted, within four standard errors and the slack."""
    error = logs.std(ddof=1) / sqrt(len(logs))
    assert abs(logs.mean() - log(wanted)) < 4 * error + slack, f"{exp(logs.mean()):.4f} +- {error:.4f}, not {wanted:.4f}"


# the table of mean-field values (square layers, zero biases)

TABLE = {  # sw2, then chi of ReLU, chi and q* of tanh, chi and q* of sigmoid
    "GlorotUniform": (named("GlorotUniform"), 25, 1, 0.5, (1, 0), (0.0557, 0.2647)),
    "GlorotNormal": (named("GlorotNormal"), 25, 1, 0.5, (1, 0), (0.0557, 0.2647)),
    "HeUniform": (named("HeUniform"), 25, 2, 1, (1.1055, 0.618), (0.1010, 0.555)),
    "HeNormal": (named("HeNormal"), 25, 2, 1, (1.1055, 0.618), (0.1010, 0.555)),
    "RandomNormal 5": (UNIT_NORMAL, 5, 5, 2.5, (1.4765, 2.927), (0.2002, 1.541)),
    "RandomNormal 25": (UNIT_NORMAL, 25, 25, 12.5, (2.900, 20.70), (0.5016, 9.711)),
}


@pytest.mark.parametrize("row", TABLE)
def test_mean_field_table_against_poole_2016_and_schoenholz_2017(row):
    spec, width, kernel, relu, *smooth = TABLE[row]
    entry = moments(spec, width, width)
    assert (entry.mean, width * entry.variance) == (0, pytest.approx(kernel))
    for start in (0.3, 4.0):
        assert mean_field.chi(RELU, mean_field.fixed_point(RELU, kernel, start=start), kernel) == pytest.approx(relu)
        for phi, (chi, q) in zip((TANH, SIGMOID), smooth, strict=True):
            found = mean_field.fixed_point(phi, kernel, start=start)
            assert found == pytest.approx(q, rel=1e-3, abs=1e-6)
            assert mean_field.chi(phi, found, kernel) == pytest.approx(chi, rel=1e-3)


def test_sigmoid_keeps_a_fixed_point_without_biases_against_theory():
    """sigmoid(0) = 1/2, so q' >= sw2 / 4 however small q is."""
    assert mean_field.fixed_point(SIGMOID, 0.01, start=1e-6) == pytest.approx(0.01 / 4, rel=0.01)


@pytest.mark.parametrize(("width", "factor"), [(5, 0.732), (10, 0.858), (25, 0.948), (100, 0.987)])
def test_typical_factor_of_relu_he_by_hand(width, factor):
    units = np.arange(1, width + 1)
    chance = binom.pmf(units, width, 0.5) / (1 - 0.5**width)
    assert exp(chance @ (digamma(units / 2) + log(4 / width)) / 2) == pytest.approx(factor, abs=5e-4)
    assert log_factor(width, 2.0).typical == pytest.approx(factor, abs=5e-4)


def test_growth_of_the_fourth_power_of_delta_by_hand():
    """E[(2 chi2_K / N)^2] = 1 + 5/N: 2^10 after ten layers of five, though the typical signal shrinks."""
    for width in (5, 25):
        units = np.arange(width + 1)
        assert binom.pmf(units, width, 0.5) @ (4 * units * (units + 2) / width**2) == pytest.approx(1 + 5 / width)


# 1. Nielsen, Neural Networks and Deep Learning, chapter 5; fig/generate_gradient.py of its repository

NIELSEN = {  # fig/norms_during_training_*_layers.json, first row: norms of the mean bias gradient, hidden layers, epoch 0
    2: (0.0657, 0.3092),
    3: (0.0118, 0.0600, 0.2831),
    4: (0.0030, 0.0171, 0.0695, 0.2851),
}
QUADRATIC = losses.Loss(
    value=lambda z, y: tf.reduce_sum((tf.sigmoid(z) - y) ** 2, axis=-2) / 2,
    slope=lambda z, y: (tf.sigmoid(z) - y) * tf.sigmoid(z) * (1 - tf.sigmoid(z)),
    correct=losses.BINARY.correct,
)


@pytest.fixture(scope="module")
def mnist():
    """The first 1000 training images (1, pixel, example), scaled as in the book's data, and one-hot targets."""
    path = os.environ.get("VGSTUDY_MNIST")
    if not path or not Path(path).exists():
        pytest.skip("needs MNIST: set VGSTUDY_MNIST to an mnist.npz with x_train and y_train")
    with np.load(path) as found:
        images, labels = found["x_train"][:1000], found["y_train"][:1000]
    return images.reshape(1000, -1).T[None] / 256, np.eye(10)[labels].T[None]


def bias_gradients(mnist, hidden, loss, count):
    """Norms of the mean bias gradient (net, hidden layer) over random nets: w ~ N(0, 1/fan_in), b ~ N(0, 1), sigmoid."""
    net, rng = models.Net(784, hidden, 30, 10, models.activation(named("sigmoid"))), np.random.default_rng(hidden)
    found = []
    for _ in range(count):
        scales = [np.append(np.full(into, into**-0.5), 1.0) for _, into in net.kernel_shapes]
        layers = [rng.standard_normal((1, out, into + 1)) * s for (out, into), s in zip(net.kernel_shapes, scales, strict=True)]
        delta = passed(net, flat_rows(net, layers), *mnist, loss).delta
        found.append([np.linalg.norm(each.mean(axis=2)) for each in delta[:-1]])
    return np.array(found)


@pytest.mark.parametrize("hidden", NIELSEN)
def test_bias_gradients_on_mnist_against_nielsen_2015(mnist, hidden):
    low, high = np.quantile(bias_gradients(mnist, hidden, losses.BINARY, 60), (0.05, 0.95), axis=0)
    assert (low < NIELSEN[hidden]).all()
    assert (NIELSEN[hidden] < high).all()


def test_nielsens_cost_is_the_cross_entropy_and_not_the_quadratic_one(mnist):
    """`network2.Network` has it as default; the quadratic cost gives gradients five times smaller than those in the book."""
    assert (bias_gradients(mnist, 2, QUADRATIC, 20).max(axis=0) < np.divide(NIELSEN[2], 2)).all()


# 2. Poole et al. 2016, figure 1


def test_critical_point_of_tanh_against_poole_2016():
    """At sb2 = .05 chi passes 1 at sw2 = 1.76."""

    def excess(kernel):
        return mean_field.chi(TANH, mean_field.fixed_point(TANH, kernel, 0.05), kernel) - 1

    critical = brentq(excess, 1.2, 2.5)
    assert critical == pytest.approx(1.7610, abs=5e-5)
    assert mean_field.fixed_point(TANH, critical, 0.05) == pytest.approx(0.5700, abs=5e-5)


# 3. He et al. 2015


def test_relu_with_glorot_halves_the_variance_per_layer_against_he_2015():
    width = 256
    logs = decay_logs(16, width=width, activation="relu", initializer=GLOROT)
    assert_near(logs["d_delta"], sqrt(0.5), 2.5 / width)
    assert_near(logs["d_h"], sqrt(2), 2.5 / width)
    assert mean_field.chi(RELU, 1.0, 1.0) == pytest.approx(0.5)


# 4. Saxe et al. 2013


def test_orthogonal_linear_nets_keep_the_signal_against_saxe_2013():
    net = models.Net(2, 12, 8, 1, models.activation(named("linear")))
    rng = np.random.default_rng(3)
    kernels = [rng.standard_normal((4, 8, 2)), *(ortho_group.rvs(8, 4, rng) for _ in range(11)), rng.standard_normal((4, 1, 8))]
    state = passed(net, flat_rows(net, [without_bias(k) for k in kernels]), rng.standard_normal((4, 2, 9)), np.ones((4, 1, 9)))
    for quantity in (state.delta[:-1], state.h):
        factor = decay_factor(rms(quantity), np.broadcast_to(np.arange(12) > 0, (4, 12)))
        np.testing.assert_allclose(factor, 1, atol=1e-10)


def test_orthogonal_kernels_of_keras_keep_it_too_against_saxe_2013():
    logs = decay_logs(4, width=8, depth=12, activation="linear", initializer=named("Orthogonal"))
    np.testing.assert_allclose(logs["d_delta"], 0, atol=1e-6)  # the kernels are float32


# 5. Sussillo & Abbott 2014


@pytest.mark.parametrize("width", [10, 16, 25, 50, 100, 200, 400])
def test_log_factor_against_sussillo_abbott_2014(width):
    """For kernels of variance 1/N their fits are E[ln z] = -ln 2 - 2.4 / (N - 2.4) and var(ln z) = 5 / (N - 4), N >= 10."""
    found = log_factor(width, 1.0)
    assert found.mean == pytest.approx(-log(2) - 2.4 / (max(width, 6) - 2.4), rel=0.05)
    assert found.mean + log(2) == pytest.approx(-2.4 / (max(width, 6) - 2.4), rel=0.05)
    assert found.variance == pytest.approx(5 / (max(width, 6) - 4), rel=0.05)


@pytest.mark.parametrize(("phi", "slope"), [("relu", 0.0), ("leaky_relu", 0.2), ("linear", 1.0)])
def test_log_factor_of_one_input_in_the_engine_against_theory(phi, slope):
    """Normal He kernels, width 5: every square layer of every net that is alive gives one draw of the law."""
    width, depth, count = 5, 5, 1500
    spec = named("VarianceScaling", scale=2.0, distribution="untruncated_normal")
    net = models.Net(2, depth, width, 1, models.activation(named(phi)))
    state = passed(net, drawn(net, spec, count), np.full((count, 2, 1), 0.5), np.ones((count, 1, 1)))
    squares = np.array([np.sum(each**2, axis=(1, 2)) for each in state.delta[:-1]])
    squares = squares[:, (squares > 0).all(axis=0)]
    logs, law = np.log(squares[1:-1] / squares[2:]).ravel(), log_factor(width, 2.0, slope)
    assert len(logs) > 0.8 * count * (depth - 2)
    error = sqrt(law.variance / len(logs))
    assert abs(logs.mean() - law.mean) < 4 * error
    spread = (logs - law.mean) ** 2
    assert abs(spread.mean() - law.variance) < 4 * spread.std() / sqrt(len(logs))
    if slope == 0:
        rng = np.random.default_rng(1)
        on = rng.binomial(width, 0.5, 20_000)
        assert kstest(logs, np.log(2 / width * rng.chisquare(on[on > 0]))).pvalue > 1e-4


# 6. homogeneity


@pytest.mark.parametrize("phi", ["relu", "leaky_relu", "linear"])
def test_kernel_times_gradient_is_the_same_for_every_layer_by_hand(phi):
    """f is linear in the kernel of each layer as a whole, so <W, dLoss/dW> = mean of f dLoss/df."""
    net = models.Net(2, 5, 6, 1, models.activation(named(phi)))
    flat, rng = drawn(net, HE, 4), np.random.default_rng(2)
    state = passed(net, flat, rng.standard_normal((4, 2, 20)), rng.integers(0, 2, (4, 1, 20)))
    weights = probes.kernels(net, flat)
    products = np.array([(w * g.reshape(4, -1)).sum(axis=1) for w, g in zip(weights, state.g, strict=True)])
    np.testing.assert_allclose(products, np.broadcast_to(products[0], products.shape), rtol=1e-10)
    bent = models.Net(2, 5, 6, 1, models.activation(named("tanh")))
    other = passed(bent, flat, rng.standard_normal((4, 2, 20)), rng.integers(0, 2, (4, 1, 20)))
    assert abs((weights[0] * other.g[0].reshape(4, -1)).sum() / (weights[4] * other.g[4].reshape(4, -1)).sum() - 1) > 1e-3


# 7. sigmoid with Glorot


@pytest.mark.parametrize("width", [25, 100, 256])
def test_sigmoid_with_glorot_decays_by_236_against_theory(width):
    logs = decay_logs(24, width=width, activation="sigmoid", initializer=GLOROT)
    limit = sqrt(mean_field.chi(SIGMOID, mean_field.fixed_point(SIGMOID, 1.0), 1.0))
    assert limit == pytest.approx(0.236, abs=5e-4)
    for quantity in ("d_delta", "d_g"):
        assert_near(logs[quantity], limit, 2.5 / width)
    if width == 25:
        assert_near(logs["d_g"], 1 / 4.34, 0.02)


# 8. Lu et al. 2020, Rister & Rubin 2020


@pytest.mark.parametrize(("width", "published"), [(2, 0.944), (3, 0.737)])
def test_death_at_one_input_against_lu_2020_and_rister_rubin_2020(width, published):
    """Dead: the signal of the first hidden layer is exactly zero; both a symmetric uniform and a truncated normal kernel."""
    assert p_dead([width] * 10) == pytest.approx(published, abs=5e-4)
    net = models.Net(2, 10, width, 1, models.activation(named("relu")))
    for spec in (HE, named("HeNormal")):
        state = passed(net, drawn(net, spec, 1000), np.full((1000, 2, 1), 0.5), np.ones((1000, 1, 1)))
        dead = int((state.delta[0] == 0).all(axis=(1, 2)).sum())
        interval = binomtest(dead, 1000).proportion_ci(0.999, "exact")
        assert interval.low < p_dead([width] * 10) < interval.high


# kernels of mean 1/2, and wide nets in general


@pytest.mark.parametrize(("phi", "factor"), [("tanh", 2.2), ("relu", 2.4)])
def test_uniform_kernels_at_width_5_make_delta_grow_toward_the_input(phi, factor):
    fields = {"width": 5, "depth": 5, "activation": phi, "initializer": UNIFORM, "samples": 1000, "train": 500}
    logs = decay_logs(32, **fields)["d_delta"]
    assert_near(logs, factor, 0.03)
    predicted = {found.quantity: found for found in predict([cell(**fields)])}
    assert predicted["d_delta"].status == "approximation"
    assert_near(logs, predicted["d_delta"].value, 0.1)


@pytest.mark.parametrize("phi", ["tanh", "sigmoid"])
def test_uniform_kernels_at_width_25_saturate(phi):
    columns = Stack(runs(8, width=25, depth=5, activation=phi, initializer=UNIFORM, samples=1000, train=500)).probe()
    assert (columns["h_saturated"][:, 2:5].mean(axis=0) > 0.9).all()


def test_delta_of_saturated_sigmoids_against_the_two_modes():
    fields = {"width": 25, "depth": 5, "activation": "sigmoid", "initializer": UNIFORM}
    predicted = {found.quantity: found.value for found in predict([cell(**fields)])}["d_delta"]
    assert predicted < 1e-3
    assert_near(decay_logs(24, **fields)["d_delta"], predicted, 0.3)  # of a log of -7: two modes miss how the mean fluctuates


@pytest.mark.parametrize("initializer", ["GlorotUniform", "HeNormal"])
@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "relu", "gelu"])
def test_wide_nets_layer_by_layer_against_theory(phi, initializer):
    fields = {"width": 256, "depth": 6, "activation": phi, "initializer": named(initializer), "samples": 400, "train": 200}
    logs = decay_logs(16, **fields)
    for found in predict([cell(**fields)]):
        if found.quantity in logs:
            assert found.status == "asymptotic"
            classes = (
                0.03 if (phi, found.quantity) == ("relu", "d_g") else 0.0
            )  # two standard errors over samples, see docs/theory.md
            assert_near(logs[found.quantity], found.value, 2.5 / 256 + classes)
