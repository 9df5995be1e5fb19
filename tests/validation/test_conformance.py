"""Published numbers and theory, held against the engine at epoch 0; docs/theory.md lists them.

The published numbers are those of `vgstudy conformance`: the same functions, so the table and the
tests cannot differ. What is no published number is tested here: the laws behind them, and that a
wrong number would be found.
"""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console
from scipy.special import digamma
from scipy.stats import binom, kstest

from nets import GLOROT, UNIFORM, cell, named, runs
from vgstudy.engine import losses, models
from vgstudy.engine.train import Stack
from vgstudy.errors import UserError
from vgstudy.image_files import ImageFile
from vgstudy.store.logs import read_table
from vgstudy.tasks import Circles, Mnist
from vgstudy.terminal import conformance_table
from vgstudy.theory import mean_field
from vgstudy.theory.activations import activation
from vgstudy.theory.finite_width import log_factor
from vgstudy.theory.kernels import moments
from vgstudy.theory.predictions import predict
from vgstudy.validation import laws, networks, nielsen
from vgstudy.validation.check import Number
from vgstudy.validation.engine import decay_logs, drawn, passed
from vgstudy.validation.tables import write_conformance

LINEAR, RELU, TANH, SIGMOID = (
    activation(named(name)) for name in ("linear", "relu", "tanh", "sigmoid")
)
UNIT_NORMAL = named("RandomNormal", mean=0.0, stddev=1.0)


def assert_near(logs, wanted, slack=0.0):
    """The mean of logs over seeds is the log of what is wanted, within four standard errors and the
    slack."""
    found = Number("source", "quantity", "setup", wanted).around(logs, slack)
    assert found.agrees, found


# what the table says


def test_published_numbers_that_need_no_network():
    found = [*laws.checks()]
    assert {each.source.split()[0] for each in found} == {"Poole", "Klambauer", "Sussillo", "Lu"}
    assert [each for each in found if not each.agrees] == []


def test_published_numbers_of_networks():
    found = [*networks.checks()]
    assert {each.source.split()[0] for each in found} == {
        "He",
        "Saxe",
        "identity:",
        "Schoenholz",
        "Lu",
    }
    assert [each for each in found if not each.agrees] == []


def test_the_table_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("vgstudy.validation.networks.checks", lambda: iter(()))
    found = write_conformance(tmp_path)
    rows = read_table("conformance", tmp_path / "conformance.parquet").to_pylist()
    assert [row["published"] for row in rows] == [each.published for each in found]
    assert {row["agrees"] for row in rows} >= {True}


@pytest.mark.parametrize("width", [80, 120])
def test_the_printed_table_fits_the_terminal(width, capsys):
    laws_twice = [replace(each, note="a note") for each in laws.checks()]
    Console(width=width).print(
        conformance_table.table([*laws_twice, replace(laws_twice[-1], agrees=None, ours=None)])
    )
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in out
    assert sum(line.startswith(" yes ") for line in lines) == sum(
        each.agrees is True for each in laws_twice
    )
    assert sum(line.startswith(" not run ") for line in lines) == 1
    sources = [each.source for each in laws_twice]
    assert " ".join(out.split()).count("a note") == sum(
        a != b for a, b in zip(sources, [None, *sources], strict=False)
    )


@pytest.mark.parametrize("wrong", [0.95, 1.05])
def test_a_number_that_is_wrong_by_five_percent_is_found(wrong):
    """Ours, at the rules that the table uses, against a published number that differs."""
    rng = np.random.default_rng(0)
    number = Number("source", "quantity", "setup", 0.7)
    off = replace(number, value=number.value * wrong)
    assert number.near(0.7, 0.04).agrees
    assert not off.near(0.7, 0.04).agrees
    assert number.within(0.7, 0.01).agrees
    assert not off.within(0.7, 0.01).agrees
    logs = np.log(0.7) + rng.normal(0, 0.01, 30)
    assert number.around(logs).agrees
    assert not off.around(logs).agrees
    assert off.around(logs, 0.06).agrees
    assert number.share(7000, 10_000).agrees
    assert not off.share(7000, 10_000).agrees
    assert number.among(np.exp(logs)).agrees
    assert not off.among(np.exp(logs)).agrees


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


# 1. Nielsen, Neural Networks and Deep Learning, chapter 5; fig/generate_gradient.py of its
# repository

QUADRATIC = losses.Loss(
    value=lambda z, y: tf.reduce_sum((tf.sigmoid(z) - y) ** 2, axis=-2) / 2,
    slope=lambda z, y: (tf.sigmoid(z) - y) * tf.sigmoid(z) * (1 - tf.sigmoid(z)),
    correct=losses.BINARY.correct,
)
needs_mnist = pytest.mark.skipif(
    not Mnist.file.path.exists(), reason="needs MNIST: set VGSTUDY_MNIST to an mnist.npz"
)


@needs_mnist
def test_bias_gradients_on_mnist_against_nielsen_2015():
    assert [each for each in nielsen.checks() if not each.agrees] == []


@pytest.mark.usefixtures("noise")
def test_nielsens_cost_is_the_cross_entropy_and_not_the_quadratic_one():
    """`network2.Network` has it as default; the quadratic cost gives gradients five times smaller
    than those in the book."""
    found = nielsen.bias_gradients(*nielsen.images(), 2, QUADRATIC, 20)
    assert (found.max(axis=0) < np.divide(nielsen.PUBLISHED[2], 2)).all()


def test_without_mnist_its_numbers_are_not_run_and_say_so(monkeypatch, tmp_path):
    monkeypatch.delenv("VGSTUDY_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    found = [*nielsen.checks()]
    assert len(found) == 9
    assert {(each.ours, each.agrees) for each in found} == {(None, None)}
    assert all("not run: needs MNIST" in each.note for each in found)


def test_a_named_file_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("VGSTUDY_MNIST", str(tmp_path / "none.npz"))
    with pytest.raises(UserError, match=r"none\.npz: no such file"):
        nielsen.images()


@pytest.fixture
def noise(monkeypatch):
    """Random images in place of MNIST: gradients before training are of the same size with them."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (1000, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, 1000, np.uint8),
    }
    monkeypatch.setattr(ImageFile, "must_be_downloaded", False)
    monkeypatch.setattr(ImageFile, "load", lambda file: arrays)


@pytest.mark.usefixtures("noise")
def test_numbers_on_images_are_compared_with_nielsen_2015():
    found = [*nielsen.checks()]
    assert all(each.published / 2 < each.ours < 2 * each.published for each in found)
    assert {each.agrees for each in found} <= {True, False}


# 4. Saxe et al. 2013


def test_orthogonal_kernels_of_keras_keep_the_signal_too_against_saxe_2013():
    logs = decay_logs(4, 8, "linear", named("Orthogonal"), depth=12)
    np.testing.assert_allclose(logs["d_delta"], 0, atol=1e-6)  # the kernels are float32


# 5. the law that Sussillo & Abbott 2014 fitted


@pytest.mark.parametrize(("phi", "slope"), [("relu", 0.0), ("leaky_relu", 0.2), ("linear", 1.0)])
def test_log_factor_of_one_input_in_the_engine_against_theory(phi, slope):
    """Normal He kernels, width 5: every square layer of every net that is alive gives one draw of
    the law."""
    width, depth, count = 5, 5, 1500
    spec = named("VarianceScaling", scale=2.0, distribution="untruncated_normal")
    net = models.Net(2, depth, width, 1, models.activation(named(phi)))
    state = passed(
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


# 6. homogeneity


def test_kernel_times_gradient_differs_between_layers_of_a_net_that_is_not_homogeneous():
    assert networks.homogeneity("tanh").agrees is False


# 7. sigmoid with Glorot


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
    assert predicted["d_delta"].standing == "approximation"
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
            assert found.standing == "asymptotic"
            classes = (
                0.03 if (phi, found.quantity) == ("relu", "d_g") else 0.0
            )  # two standard errors over samples
            assert_near(logs[found.quantity], found.value, 2.5 / 256 + classes)
