"""Gradients of narrow nets in training: runs side by side in the lanes of vector registers.

A library's matrix product of 5 x 6 and 6 x 32 takes ten times as long as its arithmetic. Here
`LANES` runs take each multiplication at once, as XLA compiles it from products and sums written
out, once per process for layers of equal shape.

Axes: a layer's parameters are (block, out, in + 1, lane), activations (block, unit, example, lane);
a block is `LANES` runs of one group, the last ones filled up if there are not so many, so every run
takes the same vector path whatever its stack.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject
from vgstudy.engine.groups import Group, by_activation, mixture
from vgstudy.engine.losses import Loss
from vgstudy.engine.models import Net, activation, value_and_slope
from vgstudy.engine.steps import Step, Two, xla
from vgstudy.planning.stacks import LANES

# Whole vector registers instead of half ones, and loops over lanes made vectors, not written out
# one by one before that: a third
# of the time. XLA reads it once, when it first compiles.
FLAGS = "--xla_cpu_prefer_vector_width=512 --xla_backend_extra_options=-unroll-full-max-count=4"
os.environ["XLA_FLAGS"] = f"{FLAGS} {os.environ.get('XLA_FLAGS', '')}"


def step(net: Net, loss: Loss, table: tf.Tensor, groups: Sequence[Group]) -> Step:
    """What `steps.step` gives, for a stack of these groups and its parameters as `pack` has
    them."""
    sizes = [group.size for group in groups]
    parts = by_activation([replace(group, size=-(-group.size // LANES)) for group in groups])
    hidden = _hidden(
        tuple((spec.model_dump_json(), part.stop - part.start) for spec, part in parts)
    )
    output = _output(loss)
    of_lane = np.zeros(
        sum(-(-size // LANES) for size in sizes) * LANES, "int32"
    )  # the first run's rows fill blocks
    of_lane[places(sizes)] = np.arange(sum(sizes))
    runs = of_lane.reshape(-1, LANES)
    begins = (
        runs * table.shape[-2] if table.shape.rank == 3 else np.zeros_like(runs)
    )  # of each run's rows in the table
    columns = tf.transpose(tf.reshape(table, (-1, table.shape[-1])))

    def gradient(theta: tf.Tensor, order: tf.Tensor, weights: tf.Tensor) -> tuple[Two, tf.Tensor]:
        x, target = _mini_batch(columns, order, runs, begins, net.inputs)
        *layers, last = net.layers(theta)
        h, slopes = [x], []
        for layer in layers:
            above, slope = hidden(layer, h[-1])
            h.append(above)
            slopes.append(slope)
        value, right, g, delta = output(last, h[-1], slopes[-1], target, weights)
        gradients = [tf.zeros((len(runs), net.columns - net.spans[-1].stop, LANES), theta.dtype), g]
        for layer, below, slope in zip(layers[:0:-1], h[-2:0:-1], slopes[-2::-1], strict=True):
            g, delta = _backward(layer, below, slope, delta)
            gradients.append(g)
        gradients.append(_gradient(x, delta))
        return (value, right), tf.concat(
            [tf.reshape(g, (len(runs), -1, LANES)) for g in reversed(gradients)], axis=1
        )

    def sums(seen: Two, weights: tf.Tensor) -> Two:  # noqa: ARG001
        value, right = (
            tf.gather(tf.reshape(each, (-1, runs.size)), places(sizes), axis=1) for each in seen
        )
        return value, right

    return Step(gradient, sums)


@xla
def _mini_batch(
    columns: tf.Tensor, order: tf.Tensor, runs: tf.Tensor, begins: tf.Tensor, inputs: int
) -> Two:
    """Inputs and targets of some rows (stack, example) of the runs (block, lane), whose rows begin
    there in the columns."""
    rows = tf.transpose(tf.gather(order, runs), (0, 2, 1)) + begins[:, None]
    batch = tf.transpose(tf.gather(columns, rows, axis=1), (1, 0, 2, 3))
    return batch[:, :inputs], batch[:, inputs:]


@cache
def _hidden(parts: tuple[tuple[str, int], ...]) -> Callable[[tf.Tensor, tf.Tensor], Two]:
    """Activations of a hidden layer and their slopes, of its parameters and inputs; parts:
    activation as JSON, blocks."""
    activations = mixture(
        [activation(KerasObject.model_validate_json(spec)) for spec, _ in parts],
        [size for _, size in parts],
    )
    return xla(lambda layer, x: value_and_slope(activations, _affine(layer, x)))  # type: ignore[no-any-return]


@cache
def _output(loss: Loss) -> Callable[..., tuple[tf.Tensor, ...]]:
    """Summed loss and right predictions (block, lane), then as `_backward`, of the output layer."""
    across = (0, 2, 1, 3)  # losses take outputs on the last axis but one

    @xla
    def output(
        layer: tf.Tensor, x: tf.Tensor, slope: tf.Tensor, target: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        z, y = (tf.transpose(each, across) for each in (_affine(layer, x), target))
        counted = tf.cast(weights > 0, z.dtype)[:, None]
        seen = [
            _total(tf.unstack(each * counted, axis=1))
            for each in (loss.value(z, y), tf.cast(loss.correct(z, y), z.dtype))
        ]
        return *seen, *_backward(
            layer, x, slope, tf.transpose(loss.slope(z, y), across) * weights[:, None]
        )

    return output  # type: ignore[no-any-return]


def _affine(layer: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Kernel times x plus bias; layer (block, out, in + 1, lane), x (block, in, example, lane)."""
    *kernel, bias = tf.unstack(layer[:, :, :, None], axis=2)
    return _total(
        [bias, *(w * h for w, h in zip(kernel, tf.unstack(x[:, None], axis=2), strict=True))]
    )


@xla
def _backward(layer: tf.Tensor, x: tf.Tensor, slope: tf.Tensor, delta: tf.Tensor) -> Two:
    """Derivatives by a layer and by the pre-activations below it, whose slope is given, from those
    by its own."""
    kernel = zip(
        tf.unstack(layer[:, :, :-1, None], axis=1),
        tf.unstack(delta[:, :, None], axis=1),
        strict=True,
    )
    return _gradient(x, delta), _total([w * d for w, d in kernel]) * slope


@xla
def _gradient(x: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    """Derivative by a layer, of its inputs and the derivatives by its pre-activations."""
    deltas = tf.unstack(delta[:, :, None], axis=3)
    kernel = _total([d * h for d, h in zip(deltas, tf.unstack(x[:, None], axis=3), strict=True)])
    return tf.concat([kernel, _total(deltas)], axis=2)


def _total(terms: Sequence[tf.Tensor]) -> tf.Tensor:
    """Sum of terms by halves: neither do all of them wait for each other, nor do roundings add
    up."""
    half = len(terms) // 2
    return _total(terms[:half]) + _total(terms[half:]) if half else terms[0]


def pack(rows: tf.Tensor) -> tf.Tensor:
    """(stack, ...) -> (block, ..., lane): the runs of a group, filled with zeros to whole
    blocks."""
    rest = rows.shape.rank - 1
    rows = tf.pad(rows, [(0, -rows.shape[0] % LANES)] + [(0, 0)] * rest)
    return tf.transpose(tf.reshape(rows, (-1, LANES, *rows.shape[1:])), (0, *range(2, rest + 2), 1))


def unpack(blocks: tf.Tensor, sizes: Sequence[int]) -> tf.Tensor:
    """(block, ..., lane) -> (stack, ...), without what only filled a block."""
    rest = blocks.shape.rank - 2
    rows = tf.reshape(
        tf.transpose(blocks, (0, rest + 1, *range(1, rest + 1))), (-1, *blocks.shape[1:-1])
    )
    return tf.gather(rows, places(sizes))


def places(sizes: Sequence[int]) -> NDArray[np.intp]:
    """In which lane of all blocks each run of groups of these sizes is."""
    begins = np.cumsum([0, *(-(-size // LANES) * LANES for size in sizes)])
    return np.concatenate(
        [begin + np.arange(size) for begin, size in zip(begins, sizes, strict=False)]
    )
