"""Probes: gradients by hand, against finite differences and the tape, causes of zeros, weights."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from nets import GLOROT, UNIFORM, epoch_orders, named, runs
from vgstudy.cells import Initializer
from vgstudy.engine import initial, probes, statistics
from vgstudy.engine.network import BINARY, Network, activation_function
from vgstudy.engine.train import Stack
from vgstudy.schema import LAYER_KINDS, QUANTILES, TABLES, ZERO_CAUSES
from vgstudy.seeds import stream
from vgstudy.tasks.images import Digits

RNG = np.random.default_rng(5)


def problem(activation="tanh", depth=4, width=5, stack=3, examples=20, scale=1.0):
    network = Network(2, depth, width, 1, activation_function(named(activation)))
    flat = RNG.normal(size=(stack, network.row_length)) * scale
    return (
        network,
        flat,
        RNG.normal(size=(stack, 2, examples)),
        RNG.integers(0, 2, (stack, 1, examples)).astype(float),
    )


def mean_loss(network, flat, x, y):
    return tf.reduce_mean(
        BINARY.value(network.logits(network.layers(tf.constant(flat)), tf.constant(x)), y),
        axis=1,
    ).numpy()


def test_gradient_of_a_one_unit_net_by_hand():
    network = Network(1, 1, 1, 1, keras.activations.tanh)
    flat = np.zeros((1, network.row_length))
    flat[0, :4] = 0.5, 0.1, -2.0, 0.3  # kernel, bias, kernel, bias
    x, y = np.array([[[0.7]]]), np.array([[[1.0]]])
    state = probes.backpropagate(network, BINARY, tf.constant(flat), tf.constant(x), tf.constant(y))
    h = np.tanh(0.5 * 0.7 + 0.1)
    delta_out = 1 / (1 + np.exp(-(-2 * h + 0.3))) - 1
    delta = -2 * delta_out * (1 - h**2)
    np.testing.assert_allclose(
        [d.numpy().item() for d in state.delta], [delta, delta_out], rtol=1e-12
    )
    np.testing.assert_allclose(
        [g.numpy().item() for g in state.g], [delta * 0.7, delta_out * h], rtol=1e-12
    )


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu"])
def test_gradients_against_finite_differences(activation):
    network, flat, x, y = problem(activation)
    state = probes.backpropagate(network, BINARY, *map(tf.constant, (flat, x, y)))
    for span, g in zip(network.spans, state.g, strict=True):
        columns = np.arange(span.start, span.stop).reshape(g.shape[1], g.shape[2] + 1)[:, :-1]
        for entry, column in enumerate(columns.ravel()):
            step = np.zeros_like(flat)
            step[:, column] = 1e-6
            slope = (
                mean_loss(network, flat + step, x, y) - mean_loss(network, flat - step, x, y)
            ) / 2e-6
            np.testing.assert_allclose(
                g.numpy().reshape(3, -1)[:, entry], slope, rtol=1e-5, atol=1e-8
            )  # rounding of the loss, about 10, over the step


@pytest.mark.parametrize(
    "activation", ["tanh", "relu", "sigmoid", "leaky_relu", "elu", "hard_tanh"]
)
def test_gradients_against_the_tape(activation):
    network, flat, x, y = problem(activation)
    theta = tf.constant(flat)
    with tf.GradientTape() as tape:
        tape.watch(theta)
        loss = (
            tf.reduce_sum(BINARY.value(network.logits(network.layers(theta), tf.constant(x)), y))
            / x.shape[2]
        )
    expected = [layer[:, :, :-1] for layer in network.layers(tape.gradient(loss, theta))]
    state = probes.backpropagate(network, BINARY, theta, tf.constant(x), tf.constant(y))
    for g, want in zip(state.g, expected, strict=True):
        np.testing.assert_allclose(g, want, rtol=1e-10, atol=1e-15)


def test_loss_slope_against_keras_binary_crossentropy():
    z, y = (
        tf.constant(RNG.normal(size=(2, 1, 50)) * 8),
        tf.constant(RNG.integers(0, 2, (2, 1, 50)).astype(float)),
    )
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = keras.losses.BinaryCrossentropy(from_logits=True, reduction=None, dtype="float64")(
            y[..., None], z[..., None]
        )
    np.testing.assert_allclose(BINARY.value(z, y), value[:, 0], rtol=1e-12)
    np.testing.assert_allclose(BINARY.slope(z, y), tape.gradient(value, z), rtol=1e-9, atol=1e-14)


def test_columns_against_numpy():
    network, flat, x, y = problem(stack=2)
    flat, x, y = flat.astype("float32"), x.astype("float32"), y.astype("float32")
    columns = probes.measure(network, BINARY, tf.constant(x), tf.constant(y), flat)
    state = probes.backpropagate(
        network, BINARY, *(tf.constant(a.astype("float64")) for a in (flat, x, y))
    )
    for layer, (g, delta) in enumerate(zip(state.g, state.delta, strict=True)):
        for run in range(2):
            entries, signal = g.numpy()[run].ravel(), delta.numpy()[run]
            got = {name: values[run, layer] for name, values in columns.items() if values.ndim == 2}
            assert got["g_rms"] == pytest.approx(np.sqrt(np.mean(entries**2)), rel=1e-12)
            assert got["g_l2"] == pytest.approx(np.linalg.norm(entries), rel=1e-12)
            assert got["g_mean"] == pytest.approx(entries.mean(), rel=1e-9)
            assert got["g_sd"] == pytest.approx(entries.std(), rel=1e-12)
            assert got["g_mean_abs"] == pytest.approx(np.abs(entries).mean(), rel=1e-12)
            assert got["g_max_abs"] == np.abs(entries).max()
            assert got["delta_rms"] == pytest.approx(np.sqrt(np.mean(signal**2)), rel=1e-12)
    assert np.isnan(columns["h_rms"][:, -1]).all()
    assert np.isfinite(columns["h_rms"][:, :-1]).all()


def test_the_root_mean_square_of_a_run_has_the_same_bits_alone_and_among_others():
    values = np.random.default_rng(1).normal(size=(20, 400, 512))
    whole = statistics.rms(values)
    assert all(statistics.rms(values[run : run + 1]) == whole[run] for run in range(20))


def test_measured_and_logged_columns_are_those_of_the_schema():
    stack = Stack(runs(2))
    keys = {"cell", "seed", "epoch", "examples", "step", "layer", "kind", "fan_in", "fan_out"}
    assert set(stack.probe(quantiles=True).columns) == set(TABLES["probes"].columns) - keys
    assert set(stack.probe(quantiles=True).columns) - set(stack.probe().columns) == {
        "g_quantiles",
        "w_quantiles",
    }
    assert LAYER_KINDS[:3] == ("input", "square", "output")


def causes(network, flat, x, y, dtype=tf.float64):
    state = probes.arrays(
        probes.backpropagate(network, BINARY, *(tf.cast(a, dtype) for a in (flat, x, y)))
    )
    weights = probes.kernels(network, flat)
    return [
        [ZERO_CAUSES[c] for c in row]
        for row in probes.zero_causes(state, weights, probes.traits_of(network.activation))
    ]


def with_bias(network, flat, layer, value):
    """Set a layer's biases; layers count from 1."""
    flat = flat.copy()
    layer_of(network, flat, layer)[:, :, -1] = value
    return flat


def layer_of(network, flat, layer):
    """A view of a layer's parameters (stack, out, in + 1); layers count from 1."""
    out, into = network.kernel_shapes[layer - 1]
    return flat[:, network.spans[layer - 1]].reshape(len(flat), out, into + 1)


def test_a_dead_relu_layer_explains_every_zero_below_it_and_the_layer_above_by_hand():
    network, flat, x, y = problem("relu", depth=4, stack=1)
    assert causes(network, flat, x, y) == [["none"] * 5]
    flat = with_bias(network, flat, 2, -1e6)
    flat = with_bias(network, flat, 3, 1.0)
    flat = with_bias(network, flat, 4, 1.0)
    # layer 2 is off: g_2 and g_1 lose delta, g_3 loses h_2; layers 4 and 5 still see the biases of
    # layer 3
    assert causes(network, flat, x, y) == [["dead", "dead", "dead", "none", "none"]]


def test_examples_that_die_in_different_layers_leave_a_dead_gradient_by_hand():
    network, flat, x, y = problem("relu", depth=2, width=1, stack=1, examples=2)
    x, y = np.array([[[1.0, -1.0], [0.0, 0.0]]]), np.zeros((1, 1, 2))
    flat[0, :7] = (
        1,
        0,
        0,
        -1,
        0.5,
        1,
        0,
    )  # h_1 = relu(x), on for the first example; h_2 = relu(0.5 - h_1), on for the second
    assert causes(network, flat, x, y) == [["dead", "dead", "none"]]


def test_a_sigmoid_that_rounds_to_zero_is_saturated_not_dead_by_hand():
    network, flat, x, y = problem("sigmoid", depth=3, stack=1)
    assert causes(network, with_bias(network, flat, 2, -1000.0), x, y) == [
        ["saturation", "saturation", "underflow", "none"]
    ]


def test_a_perfect_fit_has_nothing_to_propagate_by_hand():
    network, flat, x, _ = problem("tanh", depth=3, stack=1)
    flat = with_bias(network, flat, 4, 1000.0)  # the sigmoid of the output is exactly 1
    assert causes(network, flat, x, np.ones((1, 1, 20))) == [["fitted"] * 4]


def test_zero_kernels_are_named_by_hand():
    network, flat, x, y = problem("tanh", depth=3, stack=1)
    severed = flat.copy()
    layer_of(network, severed, 3)[:, :, :-1] = 0
    assert causes(network, severed, x, y) == [["zero kernel", "zero kernel", "none", "none"]]
    assert causes(network, np.zeros_like(flat), x, y) == [["zero kernel"] * 4]


def test_float32_saturation_differs_from_float64_by_hand():
    network, flat, x, y = problem("tanh", depth=3, stack=1, scale=0.1)
    flat = with_bias(network, flat, 2, 12.0)  # tanh(12) is 1 in float32, 1 - 7.5e-11 in float64
    assert causes(network, flat, x, y) == [["none"] * 4]
    assert causes(network, flat, x, y, tf.float32) == [["saturation", "saturation", "none", "none"]]


def test_underflow_by_hand():
    network, flat, x, y = problem("tanh", depth=3, stack=1)
    tiny = flat.copy()
    for layer in range(4):
        tiny[:, network.spans[layer]] *= 1e-16
    assert causes(network, tiny, x, y)[0] == ["none"] * 4
    assert causes(network, tiny, x, y, tf.float32)[0][0] == "underflow"


def test_uniform_kernels_at_width_25_vanish_in_float32_only_against_theory():
    """With U(0,1), N=25, 10 layers, every network has an all-zero layer in float32
    and none in float64."""
    columns = Stack(runs(16, depth=10, width=25, initializer=UNIFORM)).probe().columns
    assert (columns["zero_cause"] == ZERO_CAUSES.index("none")).all()
    single = columns["zero_cause_float32"]
    assert (single == ZERO_CAUSES.index("saturation")).any(axis=1).all()
    assert ((columns["g_zero_float32"] == 1) == (single != ZERO_CAUSES.index("none"))).all()


@pytest.mark.parametrize(
    ("name", "steepest", "can_be_off"),
    [
        ("tanh", 1, False),
        ("sigmoid", 0.25, False),
        ("relu", 1, True),
        ("hard_sigmoid", 1 / 6, True),
        ("elu", 1, False),
        ("linear", 1, False),
    ],
)
def test_traits_of_activations_by_hand(name, steepest, can_be_off):
    traits = probes.traits_of(activation_function(named(name)))
    assert traits.steepest == pytest.approx(steepest)
    assert traits.can_be_off is can_be_off


def test_kernels_of_a_run_differ_and_repeat_for_the_same_stream():
    run = runs(1, depth=6)[0]
    network = Network(2, 6, 5, 1, keras.activations.tanh)
    drawn = Initializer(**dict(GLOROT))
    flat = initial.initial_flat(
        network, [drawn, drawn], [stream(run.cell, seed, "kernels") for seed in (0, 0)]
    )
    assert np.array_equal(flat[0], flat[1])
    kernels = probes.kernels(network, flat[:1])
    squares = np.stack([k[0] for k in kernels[1:6]])
    assert len(np.unique(squares)) == squares.size


def test_kernels_have_the_distribution_keras_names_against_theory():
    network = Network(2, 2, 25, 1, keras.activations.tanh)
    run = runs(1)[0]
    drawn = Initializer(**dict(GLOROT))
    flat = initial.initial_flat(
        network, [drawn] * 64, [stream(run.cell, seed, "kernels") for seed in range(64)]
    )
    first, square, last = (k.ravel() for k in probes.kernels(network, flat))
    for values, fans in ((first, 27), (square, 50), (last, 26)):
        limit = np.sqrt(6 / fans)  # Glorot & Bengio 2010, eq. 16
        assert np.abs(values).max() <= limit
        assert values.var() == pytest.approx(limit**2 / 3, rel=5 / np.sqrt(values.size))


def test_constant_initializers_need_no_seed():
    flat = initial.draw_kernels(named("Constant", value=0.5), (3, 2), np.zeros((2, 2), "int32"))
    assert flat.shape == (2, 3, 2)
    assert (flat == 0.5).all()


def gradients_by_tape(stack, x, y):
    """Each layer's kernel gradient of the mean loss over (run, example, feature) rows, (run, out,
    in)."""
    flat = tf.constant(stack.flat())
    inputs, targets = (tf.constant(each.swapaxes(1, 2)) for each in (x, y))
    with tf.GradientTape() as tape:
        tape.watch(flat)
        loss = tf.reduce_sum(
            tf.reduce_mean(
                stack.loss.value(stack.network.logits(stack.network.layers(flat), inputs), targets),
                axis=1,
            )
        )
    return [layer[:, :, :-1].numpy() for layer in stack.network.layers(tape.gradient(loss, flat))]


@pytest.mark.parametrize("task", [None, Digits(name="digits", train=52)], ids=["circles", "digits"])
def test_mini_batch_probes_against_the_tape(task):
    """Before its step on the coming mini-batch, after its step on the last one, which has 4 rows,
    and on the first test rows."""
    members = runs(3, task=task, epochs=2)
    stack = Stack(members)
    samples = [run.cell.task.sample(stream(run.cell, run.seed, "sample")) for run in members]
    orders = [epoch_orders(run, 2) for run in members]

    def check(examples, rows, part="train"):
        x, y = (
            np.stack([getattr(s, f"{axis}_{part}")[r] for s, r in zip(samples, rows, strict=True)])
            for axis in "xy"
        )
        expected = gradients_by_tape(stack, x, y)
        got = stack.probe(examples, quantiles=True).columns
        for layer, g in enumerate(expected):
            entries = g.reshape(3, -1)
            np.testing.assert_allclose(
                got["g_mean_abs"][:, layer], np.abs(entries).mean(axis=1), rtol=2e-5
            )
            np.testing.assert_allclose(
                got["g_quantiles"][:, layer], np.quantile(entries, QUANTILES, axis=1).T, atol=1e-6
            )

    check("next mini-batch", [order[0][:16] for order in orders])
    stack.advance(1)
    check("last mini-batch", [order[0][48:] for order in orders])
    check("next mini-batch", [order[1][:16] for order in orders])
    check("test mini-batch", [slice(16)] * 3, "test")


def test_looking_at_the_next_mini_batch_changes_no_number_against_itself():
    plain, looking = Stack(runs(3)), Stack(runs(3))
    for _ in range(3):
        looking.probe("next mini-batch")
        assert np.array_equal(plain.advance(1), looking.advance(1))
    assert np.array_equal(plain.flat(), looking.flat())


def test_tied_kernels_are_those_of_one_keras_initializer_object():
    """Keras 3 gives one object's every kernel of a shape the same numbers; an own output
    initializer draws the last layer."""
    tied = Initializer(**dict(UNIFORM), tied=True)
    own = Initializer(**dict(UNIFORM), output=GLOROT)
    flat = Stack(runs(1, initializer=tied, depth=4)).network
    kernels = [
        k.numpy()[0, :, :-1]
        for k in flat.layers(tf.constant(Stack(runs(1, initializer=tied, depth=4)).flat()))
    ]
    assert np.array_equal(kernels[1], kernels[2])
    assert np.array_equal(kernels[2], kernels[3])
    last = [
        k.numpy()[0, :, :-1]
        for k in flat.layers(tf.constant(Stack(runs(1, initializer=own, depth=4)).flat()))
    ]
    assert not np.array_equal(last[1], last[2])
    assert (
        min(k.min() for k in last[:-1]) >= 0 > last[-1].min() >= -1
    )  # Glorot's limit for 5 -> 1 is 1


def test_drawing_for_many_shapes_is_no_warning_in_a_jobs_log(caplog):
    tensorflow = logging.getLogger("tensorflow")
    tensorflow.addHandler(caplog.handler)
    for units in range(30, 42):
        initial.draw_kernels(named("HeNormal"), (units, 3), np.zeros((2, 2), "int32"))
    tensorflow.removeHandler(caplog.handler)
    assert caplog.messages == []
