"""Narrow nets computed in lanes against the matrix products of wider ones."""

import numpy as np
import pytest
import tensorflow as tf

from nets import SGD, named
from vgstudy.engine import lanes
from vgstudy.engine.groups import Group, stack_activation
from vgstudy.engine.models import Net


def in_lanes(net, groups):
    logits, sizes = lanes.logits(net, groups), [group.size for group in groups]
    return lambda flat, x: logits(lanes.pack(flat, sizes), x)


def logits_and_gradient(logits, flat, x, slope):
    with tf.GradientTape() as tape:
        tape.watch(flat)
        z = logits(flat, x)
    return z.numpy(), tape.gradient(z, flat, output_gradients=slope).numpy()


@pytest.mark.parametrize("sizes", [(16,), (5,), (16, 32), (1, 20, 7)], ids=str)
def test_logits_and_gradient_against_matrix_products(sizes):
    groups = [Group(named(name), SGD, size) for name, size in zip(("tanh", "relu", "sigmoid"), sizes, strict=False)]
    net, rng = Net(3, 2, 5, 2, stack_activation(groups)), np.random.default_rng(0)
    flat = rng.normal(size=(sum(sizes), net.columns)) * (np.arange(net.columns) < net.spans[-1].stop)
    x, slope = (rng.normal(size=(sum(sizes), features, 16)) for features in (3, 2))
    given = [tf.constant(each) for each in (flat, x, slope)]
    for found, expected in zip(
        logits_and_gradient(in_lanes(net, groups), *given), logits_and_gradient(net.logits, *given), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_a_run_that_is_not_finite_leaves_the_others_of_its_block_alone():
    groups = [Group(named("relu"), SGD, 16)]
    net, rng = Net(2, 2, 5, 1, stack_activation(groups)), np.random.default_rng(0)
    flat, x = (rng.normal(size=(16, n)).astype("float32") for n in (net.columns, 2 * 16))
    wild = flat.copy()
    wild[3], wild[7] = np.inf, np.nan
    x, slope = tf.reshape(x, (16, 2, 16)), tf.ones((16, 1, 16))
    calm = np.delete(np.arange(16), [3, 7])
    logits = in_lanes(net, groups)
    for found, expected in zip(
        logits_and_gradient(logits, tf.constant(wild), x, slope),
        logits_and_gradient(logits, tf.constant(flat), x, slope),
        strict=True,
    ):
        assert found[calm].tobytes() == expected[calm].tobytes()
        assert not np.isfinite(found[3]).all()
        assert not np.isfinite(found[7]).all()


@pytest.mark.parametrize("sizes", [(16,), (5,), (16, 32), (1, 20, 7)], ids=str)
def test_unpacked_rows_are_what_was_packed(sizes):
    rows = tf.random.normal((sum(sizes), 3, 16))
    packed = lanes.pack(rows, sizes)
    assert packed.shape[1:] == (3, 16, 16)
    np.testing.assert_array_equal(lanes.unpack(packed, sizes), rows)


def test_which_nets_are_narrow():
    def narrow(inputs, width, examples):
        return lanes.narrow(Net(inputs, 3, width, 1, tf.tanh), examples)

    assert narrow(2, 5, 32)
    assert not narrow(2, 25, 32)
    assert not narrow(784, 5, 32)
    assert not narrow(2, 5, 512)
