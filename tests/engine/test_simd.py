"""Narrow nets computed in lanes against the matrix products of wider ones."""

import numpy as np
import pytest
import tensorflow as tf

from nets import SGD, named
from vgstudy.engine import loop, simd
from vgstudy.engine.groups import Group, stack_activation
from vgstudy.engine.network import LOSSES, Network
from vgstudy.planning.stacks import is_narrow

WEIGHTS = np.r_[np.full(13, 1 / 13), np.zeros(3)]  # the last examples only fill the mini-batch


def groups_of(*sizes):
    return [
        Group(named(name), SGD, 1.0, size)
        for name, size in zip(("tanh", "relu", "sigmoid"), sizes, strict=False)
    ]


def random_table(rng, *shape, inputs=3, outputs=1):
    """Rows of random inputs and of targets that are 0 or 1, one of them 1 if there are several."""
    right = rng.integers(0, outputs + 1, (*shape, 1)) == np.arange(1, outputs + 1)
    right[..., 0] |= (outputs > 1) & ~right.any(axis=-1)
    return np.concatenate([rng.normal(size=(*shape, inputs)), right], axis=-1)


def step_in_lanes(network, loss, table, groups, flat, order):
    """Loss and right predictions of one step (stack,) and the gradient as flat rows."""
    sizes = [group.size for group in groups]
    step = simd.block_step(network, loss, tf.constant(table), groups)
    packed = tf.concat([simd.pack(part) for part in tf.split(flat, sizes)], axis=0)
    seen, gradient = step.gradient(packed, tf.constant(order), tf.constant(WEIGHTS, table.dtype))
    sums = step.metrics(tuple(each[None] for each in seen), tf.constant(WEIGHTS[None], table.dtype))
    return [each.numpy() for each in (*(each[0] for each in sums), simd.unpack(gradient, sizes))]


def step_by_products(network, loss, table, flat, order):
    step = loop.matrix_step(network, loss, tf.constant(table))
    seen, gradient = step.gradient(tf.constant(flat), tf.constant(order), tf.constant(WEIGHTS))
    sums = step.metrics(tuple(each[None] for each in seen), tf.constant(WEIGHTS[None]))
    return [each.numpy() for each in (*(each[0] for each in sums), gradient)]


@pytest.mark.parametrize(
    ("sizes", "depth", "outputs", "shared"),
    [
        ((16,), 1, 1, False),
        ((5,), 2, 1, True),
        ((16, 32), 3, 2, False),
        ((1, 20, 7), 2, 3, False),
        ((1, 20, 7), 4, 1, True),
    ],
)
def test_a_step_against_matrix_products(sizes, depth, outputs, shared):
    groups, rng = groups_of(*sizes), np.random.default_rng(0)
    runs, network = sum(sizes), Network(3, depth, 5, outputs, stack_activation(groups))
    flat = rng.normal(size=(runs, network.row_length)) * (
        np.arange(network.row_length) < network.spans[-1].stop
    )
    table = random_table(rng, *(() if shared else (runs,)), 50, outputs=outputs)
    order = rng.integers(0, 50, (runs, 16)).astype("int32")
    loss = LOSSES["binary" if outputs == 1 else "categorical"]
    found = step_in_lanes(network, loss, table, groups, flat, order)
    for each, expected in zip(
        found, step_by_products(network, loss, table, flat, order), strict=True
    ):
        np.testing.assert_allclose(each, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_a_run_that_is_not_finite_leaves_the_others_of_its_block_alone():
    groups, rng = groups_of(16), np.random.default_rng(0)
    network = Network(2, 2, 5, 1, stack_activation(groups))
    flat = rng.normal(size=(16, network.row_length)).astype("float32")
    wild = flat.copy()
    wild[3], wild[7] = np.inf, np.nan
    table, order = (
        random_table(rng, 16, 50, inputs=2).astype("float32"),
        rng.integers(0, 50, (16, 16)).astype("int32"),
    )
    calm = np.delete(np.arange(16), [3, 7])
    found, expected = (
        step_in_lanes(network, LOSSES["binary"], table, groups, each, order)
        for each in (wild, flat)
    )
    for each, other in zip(found, expected, strict=True):
        assert each[calm].tobytes() == other[calm].tobytes()
    assert not np.isfinite(found[2][[3, 7]]).all(axis=1).any()


@pytest.mark.parametrize("sizes", [(16,), (5,), (16, 32), (1, 20, 7)], ids=str)
def test_unpacked_rows_are_what_was_packed(sizes):
    rows = tf.random.normal((sum(sizes), 3, 16))
    packed = tf.concat([simd.pack(part) for part in tf.split(rows, list(sizes))], axis=0)
    assert packed.shape[1:] == (3, 16, 16)
    np.testing.assert_array_equal(simd.unpack(packed, sizes), rows)


def test_which_nets_are_narrow():
    def narrow(inputs, width, examples):
        return is_narrow(width, inputs, 1, examples)

    assert narrow(2, 5, 32)
    assert not narrow(2, 25, 32)
    assert not narrow(784, 5, 32)
    assert not narrow(2, 5, 512)
