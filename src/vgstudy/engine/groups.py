"""Runs of a stack that share an activation, an optimizer and its rate, and the parameters they
train.

A stack mixes these so that it is large enough to keep the processor busy. A
run's bits do not depend on the rest of its stack: whatever is computed elementwise has a multiple
of `LANES` entries per run (flat rows and mini-batches are padded), so every entry takes the same
vector path in any stack, and products and sums never cross runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject, Run
from vgstudy.engine.network import Activation, activation_function
from vgstudy.engine.optimizers import compile_update


@dataclass(frozen=True)
class Group:
    """Consecutive runs of a stack that share an activation, an optimizer and its rate factor."""

    activation: KerasObject
    optimizer: KerasObject
    rate_factor: float
    size: int


def arrange(runs: Sequence[Run]) -> tuple[list[Run], list[Group], NDArray[np.intp]]:
    """Sort runs by activation, optimizer and rate factor.

    Returns
    -------
    The runs in that order, their groups, and the position in that order of each run passed in.
    """
    cells = [run.cell for run in runs]
    keys = [
        (cell.activation.model_dump_json(), cell.optimizer.model_dump_json(), cell.rate_factor)
        for cell in cells
    ]
    order = sorted(range(len(runs)), key=keys.__getitem__)
    groups = []
    for _, members in groupby(order, key=keys.__getitem__):
        first, *others = members
        cell = cells[first]
        groups.append(Group(cell.activation, cell.optimizer, cell.rate_factor, 1 + len(others)))
    return [runs[row] for row in order], groups, np.argsort(order)


def by_activation(groups: Sequence[Group]) -> list[tuple[KerasObject, slice]]:
    """Return each activation of a stack and the rows that use it."""
    spans, begin = [], 0
    for spec, members in groupby(groups, key=lambda group: group.activation):
        end = begin + sum(group.size for group in members)
        spans.append((spec, slice(begin, end)))
        begin = end
    return spans


def stack_activation(groups: Sequence[Group]) -> Activation:
    """Return one function that applies to each run of a stack (stack, ...) its activation."""
    spans = by_activation(groups)
    functions = [activation_function(spec) for spec, _ in spans]
    return mixture(functions, [span.stop - span.start for _, span in spans])


def mixture(functions: Sequence[Activation], sizes: Sequence[int]) -> Activation:
    """Return one function that applies each function to its number of rows, in order."""
    if len(functions) == 1:
        return functions[0]

    def mixed(z: tf.Tensor) -> tf.Tensor:
        parts = zip(functions, tf.split(z, sizes), strict=True)
        return tf.concat([function(part) for function, part in parts], axis=0)

    return mixed


class Parameters:
    """The parameters of a stack: one flat Keras variable and one update per optimizer
    and rate factor.

    Parameters
    ----------
    flat
        Initial values (stack, parameter), in the order of the groups.
    groups
        The groups of the stack.
    dtype
        In which they are kept.
    pack
        How the rows of a group are laid out for training; unchanged by default.
    """

    def __init__(
        self,
        flat: NDArray[np.float32],
        groups: Sequence[Group],
        dtype: str,
        pack: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> None:
        self.runs = len(flat)
        specs = [(group.optimizer, group.rate_factor) for group in groups]
        optimizers = [spec for i, spec in enumerate(specs) if spec not in specs[:i]]
        self._groups_of = [[i for i, s in enumerate(specs) if s == spec] for spec in optimizers]
        parts = [pack(part) for part in tf.split(flat, [group.size for group in groups])]
        self._sizes = [part.shape[0] for part in parts]
        self._variables = [
            keras.Variable(tf.concat([parts[i] for i in members], axis=0), dtype=dtype)
            for members in self._groups_of
        ]
        self._updates = [
            compile_update(spec, variable, rate_factor)
            for (spec, rate_factor), variable in zip(optimizers, self._variables, strict=True)
        ]

    def tensor(self) -> tf.Tensor:
        """Return the current parameters (stack, parameter), or as they are packed."""
        parts = [None] * len(self._sizes)
        for members, variable in zip(self._groups_of, self._variables, strict=True):
            of_members = tf.split(variable.value, [self._sizes[i] for i in members])
            for i, part in zip(members, of_members, strict=True):
                parts[i] = part
        return tf.concat(parts, axis=0)

    def update(self, gradient: tf.Tensor) -> None:
        """Take one step of every optimizer along a gradient laid out as the parameters."""
        parts = tf.split(gradient, self._sizes)
        for members, update in zip(self._groups_of, self._updates, strict=True):
            update(tf.concat([parts[i] for i in members], axis=0))
