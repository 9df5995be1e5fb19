"""Gradients of narrow networks: runs side by side in the lanes of vector registers.

A library's matrix product of 5 x 6 and 6 x 32 takes ten times as long as its arithmetic. Here
`LANES` runs take each multiplication at once: XLA compiles products and sums written out term by
term, once per process for layers of equal shape.

A block is `LANES` runs of one group, the last block of a group filled with zeros. A layer's
parameters are (block, out, in + 1, lane), activations (block, unit, example, lane). Every run takes
the same vector path whatever its stack.
"""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject
from vgstudy.engine.batches import Pair
from vgstudy.engine.groups import Group, by_activation, mixture
from vgstudy.engine.loop import Step, xla
from vgstudy.engine.network import Loss, Network, activation_function, value_and_slope


def has_avx512() -> bool:
    """Return whether the processor has AVX-512 and XLA may use it."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    allowed = "--xla_cpu_max_isa=AVX2" not in os.environ.get("XLA_FLAGS", "")
    return allowed and any(name.startswith(("AVX512", "X86_V4")) for name in found)


# The only place where the instruction set chooses what computes: how many runs go side by side, up
# to how many units of a hidden layer, in vectors of how many bits. Long vectors multiply wide
# matrices faster; with short ones lanes are ahead up to 32 units.
LANES, MAX_UNITS, VECTOR_BITS = (16, 8, 512) if has_avx512() else (8, 32, 256)


def set_xla_flags() -> None:
    """Set how XLA compiles, in front of the flags that are set. It reads them when it first
    compiles.

    Loops over lanes become vectors (otherwise LLVM writes them out one by one first), and on x86
    vectors have their full length: a third of the time.
    """
    flags = ["--xla_backend_extra_options=-unroll-full-max-count=4"]
    if platform.machine().lower() in ("x86_64", "amd64"):
        flags.append(f"--xla_cpu_prefer_vector_width={VECTOR_BITS}")
    os.environ["XLA_FLAGS"] = " ".join([*flags, os.environ.get("XLA_FLAGS", "")])


def block_step(network: Network, loss: Loss, table: tf.Tensor, groups: Sequence[Group]) -> Step:
    """Return what `loop.matrix_step` does, for the groups of a stack with parameters from
    `pack`."""
    sizes = [group.size for group in groups]
    hidden, output = _hidden_layer(_blocks_by_activation(groups)), _output_layer(loss)
    runs = _run_of_lane(sizes)
    # Where each run's rows begin in the table.
    begins = runs * table.shape[-2] if table.shape.rank == 3 else np.zeros_like(runs)
    columns = tf.transpose(tf.reshape(table, (-1, table.shape[-1])))
    padding = (len(runs), network.row_length - network.spans[-1].stop, LANES)

    def gradient(flat: tf.Tensor, order: tf.Tensor, weights: tf.Tensor) -> tuple[Pair, tf.Tensor]:
        x, target = _mini_batch(columns, order, runs, begins, network.inputs)
        *layers, last = network.layers(flat)
        h, slopes = [x], []
        for layer in layers:
            activations, slope = hidden(layer, h[-1])
            h.append(activations)
            slopes.append(slope)
        value, correct, g, delta = output(last, h[-1], slopes[-1], target, weights)
        gradients = [tf.zeros(padding, flat.dtype), g]
        for layer, below, slope in zip(layers[:0:-1], h[-2:0:-1], slopes[-2::-1], strict=True):
            g, delta = _backward(layer, below, slope, delta)
            gradients.append(g)
        gradients.append(_gradient(x, delta))
        by_layer = [tf.reshape(g, (len(runs), -1, LANES)) for g in reversed(gradients)]
        return (value, correct), tf.concat(by_layer, axis=1)

    def metrics(sums: Pair, weights: tf.Tensor) -> Pair:  # noqa: ARG001
        value, correct = (
            tf.gather(tf.reshape(each, (-1, runs.size)), lanes_of_runs(sizes), axis=1)
            for each in sums
        )
        return value, correct

    return Step(gradient, metrics)


def _blocks_by_activation(groups: Sequence[Group]) -> tuple[tuple[KerasObject, int], ...]:
    """Return each activation and how many blocks use it."""
    blocks = [replace(group, size=-(-group.size // LANES)) for group in groups]
    return tuple((spec, span.stop - span.start) for spec, span in by_activation(blocks))


def _run_of_lane(sizes: Sequence[int]) -> NDArray[np.int32]:
    """Return which run each lane holds (block, lane); lanes that only fill a block hold run 0."""
    lanes = np.zeros(sum(-(-size // LANES) for size in sizes) * LANES, "int32")
    lanes[lanes_of_runs(sizes)] = np.arange(sum(sizes))
    return lanes.reshape(-1, LANES)


@xla
def _mini_batch(
    columns: tf.Tensor, order: tf.Tensor, runs: tf.Tensor, begins: tf.Tensor, inputs: int
) -> Pair:
    """Return inputs and targets of rows `order` (stack, example), for the run of each lane, whose
    rows begin at `begins` in the columns."""
    rows = tf.transpose(tf.gather(order, runs), (0, 2, 1)) + begins[:, None]
    batch = tf.transpose(tf.gather(columns, rows, axis=1), (1, 0, 2, 3))
    return batch[:, :inputs], batch[:, inputs:]


@cache
def _hidden_layer(
    blocks: tuple[tuple[KerasObject, int], ...],
) -> Callable[[tf.Tensor, tf.Tensor], Pair]:
    """Compile activations and slopes of a hidden layer, from its parameters and inputs."""
    activations = mixture(
        [activation_function(spec) for spec, _ in blocks],
        [count for _, count in blocks],
    )
    return xla(lambda layer, x: value_and_slope(activations, _affine(layer, x)))  # type: ignore[no-any-return]


@cache
def _output_layer(loss: Loss) -> Callable[..., tuple[tf.Tensor, ...]]:
    """Compile the output layer: summed loss and right predictions (block, lane), then what
    `_backward` returns."""
    # Losses expect outputs on the last axis but one.
    swap = (0, 2, 1, 3)

    @xla
    def output(
        layer: tf.Tensor, x: tf.Tensor, slope: tf.Tensor, target: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        z, y = (tf.transpose(each, swap) for each in (_affine(layer, x), target))
        counted = tf.cast(weights > 0, z.dtype)[:, None]
        by_example = (loss.value(z, y), tf.cast(loss.correct(z, y), z.dtype))
        sums = [_total(tf.unstack(each * counted, axis=1)) for each in by_example]
        delta = tf.transpose(loss.slope(z, y), swap) * weights[:, None]
        return *sums, *_backward(layer, x, slope, delta)

    return output  # type: ignore[no-any-return]


def _affine(layer: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return kernel times x plus bias; layer (block, out, in + 1, lane), x (block, in, example,
    lane)."""
    *kernel, bias = tf.unstack(layer[:, :, :, None], axis=2)
    inputs = tf.unstack(x[:, None], axis=2)
    return _total([bias, *(w * h for w, h in zip(kernel, inputs, strict=True))])


@xla
def _backward(layer: tf.Tensor, x: tf.Tensor, slope: tf.Tensor, delta: tf.Tensor) -> Pair:
    """Return the loss's derivatives by a layer and by the pre-activations below it.

    Parameters
    ----------
    layer, x
        The layer and its inputs.
    slope
        Slope of the activation that gave x.
    delta
        The loss's derivative by the layer's pre-activations (block, out, example, lane).
    """
    kernel = zip(
        tf.unstack(layer[:, :, :-1, None], axis=1),
        tf.unstack(delta[:, :, None], axis=1),
        strict=True,
    )
    return _gradient(x, delta), _total([w * d for w, d in kernel]) * slope


@xla
def _gradient(x: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    """Return the loss's derivative by a layer, from its inputs and `delta` as in `_backward`."""
    deltas = tf.unstack(delta[:, :, None], axis=3)
    inputs = tf.unstack(x[:, None], axis=3)
    kernel = _total([d * h for d, h in zip(deltas, inputs, strict=True)])
    return tf.concat([kernel, _total(deltas)], axis=2)


def _total(terms: Sequence[tf.Tensor]) -> tf.Tensor:
    """Add terms by halves, so that they do not all wait for each other and rounding errors do not
    add up."""
    half = len(terms) // 2
    return _total(terms[:half]) + _total(terms[half:]) if half else terms[0]


def pack(rows: tf.Tensor) -> tf.Tensor:
    """Lay out the runs of a group in blocks: (stack, ...) to (block, ..., lane), filled with
    zeros."""
    rest = rows.shape.rank - 1
    rows = tf.pad(rows, [(0, -rows.shape[0] % LANES)] + [(0, 0)] * rest)
    blocks = tf.reshape(rows, (-1, LANES, *rows.shape[1:]))
    return tf.transpose(blocks, (0, *range(2, rest + 2), 1))


def unpack(blocks: tf.Tensor, sizes: Sequence[int]) -> tf.Tensor:
    """Undo `pack` for groups of these sizes: (block, ..., lane) to (stack, ...)."""
    rest = blocks.shape.rank - 2
    lanes = tf.transpose(blocks, (0, rest + 1, *range(1, rest + 1)))
    return tf.gather(tf.reshape(lanes, (-1, *blocks.shape[1:-1])), lanes_of_runs(sizes))


def lanes_of_runs(sizes: Sequence[int]) -> NDArray[np.intp]:
    """Return the lane of each run, counted over all blocks, for groups of these sizes."""
    begins = np.cumsum([0, *(-(-size // LANES) * LANES for size in sizes)])
    return np.concatenate(
        [begin + np.arange(size) for begin, size in zip(begins, sizes, strict=False)]
    )
