"""The logits of narrow nets in training: runs side by side in the lanes of vector registers.

A library's matrix product of 5 x 6 and 6 x 32 takes ten times as long as its arithmetic. Here `LANES` runs take each
multiplication at once, as XLA compiles it from products and sums written out, once per process for layers of equal shape.

Axes: a layer's parameters are (block, out, in + 1, lane), activations (block, unit, example, lane); a block is `LANES` runs of
one group, the last ones zeros if there are not so many, so every run takes the same vector path whatever its stack.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import tensorflow as tf

from vgstudy.engine.groups import Group, stack_activation
from vgstudy.engine.models import Net
from vgstudy.plan.cost import LANES

# Whole vector registers instead of half ones: a twentieth of the time. XLA reads it once, when it first compiles.
os.environ["XLA_FLAGS"] = f"--xla_cpu_prefer_vector_width=512 {os.environ.get('XLA_FLAGS', '')}"
WIDEST = 8  # units of a hidden layer; a matrix product is as fast beyond
MOST_TERMS = 64  # inputs, outputs, or examples of a mini-batch: sums are written out term by term, which must be compiled


def narrow(net: Net, examples: int) -> bool:
    """Whether these nets train faster here, on mini-batches of so many examples."""
    return net.width <= WIDEST and max(net.inputs, net.outputs, examples) <= MOST_TERMS


def logits(net: Net, groups: Sequence[Group]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """What `Net.logits` computes for a stack of these groups, of its parameters as `pack` has them."""
    sizes = [group.size for group in groups]
    activation = stack_activation([replace(group, size=-(-group.size // LANES)) for group in groups])

    def computed(packed: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        *hidden, last = net.layers(packed)
        x = pack(x, sizes)
        for layer in hidden:
            x = activation(affine(layer, x))
        return unpack(affine(last, x), sizes)

    return computed


@tf.custom_gradient  # type: ignore[untyped-decorator]
def affine(layer: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
    """Kernel times x plus bias; layer (block, out, in + 1, lane), x (block, in, example, lane)."""
    return _forward(layer, x), lambda slope: _backward(layer, x, slope)


@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
def _forward(layer: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    products = [layer[:, :, i, None] * x[:, None, i] for i in range(x.shape[1])]
    return _total([layer[:, :, -1, None], *products])


@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]
def _backward(layer: tf.Tensor, x: tf.Tensor, slope: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Derivatives by layer and x of the sum over everything of the slope times the affine map."""
    by_example = [slope[:, :, None, b] for b in range(x.shape[2])]
    kernel = _total([each * x[:, None, :, b] for b, each in enumerate(by_example)])
    back = _total([layer[:, o, :-1, None] * slope[:, o, None] for o in range(layer.shape[1])])
    return tf.concat([kernel, _total(by_example)], axis=2), back


def _total(terms: Sequence[tf.Tensor]) -> tf.Tensor:
    """Sum of terms by halves: neither do all of them wait for each other, nor do roundings add up."""
    half = len(terms) // 2
    return _total(terms[:half]) + _total(terms[half:]) if half else terms[0]


def pack(rows: tf.Tensor, sizes: Sequence[int] = ()) -> tf.Tensor:
    """(stack, ...) -> (block, ..., lane): runs of each group, of these sizes or all of one, filled with zeros to whole blocks."""
    rest, sizes = rows.shape.rank - 1, sizes or [rows.shape[0]]
    if any(size % LANES for size in sizes):
        parts = zip(tf.split(rows, sizes), sizes, strict=True)
        rows = tf.concat([tf.pad(part, [(0, -size % LANES)] + [(0, 0)] * rest) for part, size in parts], axis=0)
    return tf.transpose(tf.reshape(rows, (-1, LANES, *rows.shape[1:])), (0, *range(2, rest + 2), 1))


def unpack(blocks: tf.Tensor, sizes: Sequence[int]) -> tf.Tensor:
    """(block, ..., lane) -> (stack, ...), without what only filled a block."""
    rest = blocks.shape.rank - 2
    rows = tf.reshape(tf.transpose(blocks, (0, rest + 1, *range(1, rest + 1))), (-1, *blocks.shape[1:-1]))
    if any(size % LANES for size in sizes):
        parts = zip(tf.split(rows, [size + -size % LANES for size in sizes]), sizes, strict=True)
        rows = tf.concat([part[:size] for part, size in parts], axis=0)
    return rows
