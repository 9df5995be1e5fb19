"""Published numbers and theory, held against the engine at epoch 0; docs/theory.md lists them.

The published numbers are those of `make validate`, by the same functions. What is not a published
number is tested here: the laws behind them, and that a wrong number would fail.
"""

from math import exp, log, sqrt

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import digamma
from scipy.stats import binom, kstest

from nets import GLOROT, UNIFORM, cell, named, runs
from vgstudy.engine.network import BINARY, Loss, Network, activation_function
from vgstudy.engine.train import Stack
from vgstudy.errors import UserError
from vgstudy.tasks.circles import Circles
from vgstudy.tasks.image_files import ImageFile
from vgstudy.tasks.images import Mnist
from vgstudy.theory import mean_field
from vgstudy.theory.activations import activation
from vgstudy.theory.finite_width import log_factor
from vgstudy.theory.kernels import moments
from vgstudy.theory.predictions import predict
from vgstudy.validation import published_networks
from vgstudy.validation.published_laws import Number
from vgstudy.validation.published_networks import decay_logs, drawn, network_checks, pass_through

LINEAR, RELU, TANH, SIGMOID = (
    activation(named(name)) for name in ("linear", "relu", "tanh", "sigmoid")
)
UNIT_NORMAL = named("RandomNormal", mean=0.0, stddev=1.0)


needs_mnist = pytest.mark.skipif(
    not Mnist.file.path.exists(), reason="needs MNIST: set VGSTUDY_MNIST to an mnist.npz"
)


def assert_near(logs, value, slack=0.0):
    """The mean of logs over seeds is the log of the value, within four standard errors and the
    slack."""
    check = Number("source", "quantity", "setup", value).mean_of(logs, slack)
    assert check.agrees, check


@needs_mnist
def test_published_numbers_of_networks():
    checks = [*network_checks()]
    sources = ["He", "Saxe", "identity:", "Schoenholz", "Lu", "Nielsen"]
    assert list(dict.fromkeys(check.source.split()[0] for check in checks)) == sources
    assert [check for check in checks if not check.agrees] == []


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
        assert mean_field.chi(
            RELU, mean_field.fixed_point(RELU, kernel, start=start), kernel
        ) == pytest.approx(relu)
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
    assert exp(chance @ (digamma(units / 2) + log(4 / width)) / 2) == pytest.approx(
        factor, abs=5e-4
    )
    assert log_factor(width, 2.0).typical == pytest.approx(factor, abs=5e-4)


def test_growth_of_the_fourth_power_of_delta_by_hand():
    """E[(2 chi2_K / N)^2] = 1 + 5/N: 2^10 after ten layers of five, though the typical signal
    shrinks."""
    for width in (5, 25):
        units = np.arange(width + 1)
        assert binom.pmf(units, width, 0.5) @ (4 * units * (units + 2) / width**2) == pytest.approx(
            1 + 5 / width
        )


# Nielsen, Neural Networks and Deep Learning, chapter 5; fig/generate_gradient.py of its repository

QUADRATIC = Loss(
    value=lambda z, y: tf.reduce_sum((tf.sigmoid(z) - y) ** 2, axis=-2) / 2,
    slope=lambda z, y: (tf.sigmoid(z) - y) * tf.sigmoid(z) * (1 - tf.sigmoid(z)),
    correct=BINARY.correct,
)


@pytest.mark.usefixtures("random_images")
def test_nielsens_cost_is_the_cross_entropy_and_not_the_quadratic_one():
    """`network2.Network` has it as default; the quadratic cost gives gradients five times smaller
    than those in the book."""
    images = published_networks.mnist_images()
    norms = published_networks.bias_gradients(*images, 2, QUADRATIC, 20)
    assert (norms.max(axis=0) < np.divide(published_networks.BIAS_GRADIENTS[2], 2)).all()


def test_a_missing_mnist_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("VGSTUDY_MNIST", str(tmp_path / "none.npz"))
    with pytest.raises(UserError, match=r"none\.npz: no such file"):
        published_networks.mnist_images()


@pytest.fixture
def random_images(monkeypatch):
    """Random images in place of MNIST: gradients before training are of the same size with them."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (1000, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, 1000, np.uint8),
    }
    monkeypatch.setattr(ImageFile, "load", lambda file: arrays)


@pytest.mark.usefixtures("random_images")
def test_bias_gradients_on_random_images_are_of_the_published_size(monkeypatch):
    monkeypatch.setattr(published_networks, "NETWORKS", 20)
    checks = [*published_networks.gradients_on_mnist()]
    assert len(checks) == 9
    assert all(check.published / 2 < check.ours < 2 * check.published for check in checks)


# Saxe et al. 2013


def test_orthogonal_kernels_of_keras_keep_the_signal_too_against_saxe_2013():
    logs = decay_logs(4, 8, "linear", named("Orthogonal"), depth=12)
    np.testing.assert_allclose(logs["d_delta"], 0, atol=1e-6)  # the kernels are float32


# the law that Sussillo & Abbott 2014 fitted


@pytest.mark.parametrize(("phi", "slope"), [("relu", 0.0), ("leaky_relu", 0.2), ("linear", 1.0)])
def test_log_factor_of_one_input_in_the_engine_against_theory(phi, slope):
    """Normal He kernels, width 5: every square layer of every net that is alive gives one draw of
    the law."""
    width, depth, count = 5, 5, 1500
    spec = named("VarianceScaling", scale=2.0, distribution="untruncated_normal")
    net = Network(2, depth, width, 1, activation_function(named(phi)))
    state = pass_through(
        net, drawn(net, spec, count), np.full((count, 2, 1), 0.5), np.ones((count, 1, 1))
    )
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


# homogeneity


def test_kernel_times_gradient_differs_between_layers_of_a_net_that_is_not_homogeneous():
    assert published_networks.homogeneity("tanh").agrees is False


# sigmoid with Glorot


def test_sigmoid_with_glorot_at_width_25_against_itself():
    """METHODS: g decays by 1 / 4.34 there, measured by another program."""
    logs = decay_logs(24, 25, "sigmoid", GLOROT)
    assert_near(logs["d_g"], 1 / 4.34, 0.02)
    assert_near(
        logs["d_delta"],
        sqrt(mean_field.chi(SIGMOID, mean_field.fixed_point(SIGMOID, 1.0), 1.0)),
        0.1,
    )


# kernels of mean 1/2, and wide nets in general


@pytest.mark.parametrize(("phi", "factor"), [("tanh", 2.2), ("relu", 2.4)])
def test_uniform_kernels_at_width_5_make_delta_grow_toward_the_input(phi, factor):
    fields = {
        "width": 5,
        "depth": 5,
        "activation": phi,
        "initializer": UNIFORM,
        "samples": 1000,
        "train": 500,
    }
    task = Circles(name="circles", samples=1000, train=500)
    logs = decay_logs(32, 5, phi, UNIFORM, depth=5, task=task)["d_delta"]
    assert_near(logs, factor, 0.03)
    predicted = {found.quantity: found for found in predict([cell(**fields)])}
    assert predicted["d_delta"].basis == "approximation"
    assert_near(logs, predicted["d_delta"].value, 0.1)


@pytest.mark.parametrize("phi", ["tanh", "sigmoid"])
def test_uniform_kernels_at_width_25_saturate(phi):
    columns = (
        Stack(
            runs(8, width=25, depth=5, activation=phi, initializer=UNIFORM, samples=1000, train=500)
        )
        .probe()
        .columns
    )
    assert (columns["h_saturated"][:, 2:5].mean(axis=0) > 0.9).all()


def test_delta_of_saturated_sigmoids_against_the_two_modes():
    fields = {"width": 25, "depth": 5, "activation": "sigmoid", "initializer": UNIFORM}
    predicted = {found.quantity: found.value for found in predict([cell(**fields)])}["d_delta"]
    assert predicted < 1e-3
    logs = decay_logs(24, 25, "sigmoid", UNIFORM, depth=5)["d_delta"]
    assert_near(logs, predicted, 0.3)  # of a log of -7: two modes miss how the mean fluctuates


@pytest.mark.parametrize("initializer", ["GlorotUniform", "HeNormal"])
@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "relu", "gelu"])
def test_wide_nets_layer_by_layer_against_theory(phi, initializer):
    fields = {
        "width": 256,
        "depth": 6,
        "activation": phi,
        "initializer": named(initializer),
        "samples": 400,
        "train": 200,
    }
    logs = decay_logs(
        16, 256, phi, named(initializer), task=Circles(name="circles", samples=400, train=200)
    )
    for found in predict([cell(**fields)]):
        if found.quantity in logs:
            assert found.basis == "asymptotic"
            classes = (
                0.03 if (phi, found.quantity) == ("relu", "d_g") else 0.0
            )  # two standard errors over samples
            assert_near(logs[found.quantity], found.value, 2.5 / 256 + classes)
