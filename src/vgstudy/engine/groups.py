"""Which runs of a stack share an activation and an optimizer, and the parameters they train.

A stack mixes activations and optimizers so that it is large enough to keep the processor busy. Runs
are arranged by activation, then optimizer. A run's bits do not depend on its neighbours, because
whatever is computed elementwise has a multiple of `LANES` entries per run (flat rows and
mini-batches are padded), so every entry takes the same vector path whatever its stack, and because
products and sums never cross runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject, Run
from vgstudy.engine.models import Activation, activation
from vgstudy.engine.updates import compile_update


@dataclass(frozen=True)
class Group:
    """Consecutive runs of a stack that share an activation and an optimizer."""

    activation: KerasObject
    optimizer: KerasObject
    size: int


@dataclass(frozen=True)
class Arrangement:
    """The order in which a stack holds its runs.

    Attributes
    ----------
    runs
        The runs as stacked.
    groups
        The groups, in order; their sizes add up to the runs.
    places
        Where each of the given runs stands.
    """

    runs: list[Run]
    groups: list[Group]
    places: NDArray[np.intp]


def arrange(runs: Sequence[Run]) -> Arrangement:
    """Arrange runs in groups."""

    def key(row: int) -> tuple[str, str]:
        return runs[row].cell.activation.model_dump_json(), runs[
            row
        ].cell.optimizer.model_dump_json()

    stacked: list[Run] = []
    groups: list[Group] = []
    places = np.zeros(len(runs), np.intp)
    for _, members in groupby(sorted(range(len(runs)), key=key), key):
        own = list(members)
        places[own] = len(stacked) + np.arange(len(own))
        stacked += [runs[row] for row in own]
        groups.append(Group(runs[own[0]].cell.activation, runs[own[0]].cell.optimizer, len(own)))
    return Arrangement(stacked, groups, places)


def by_activation(groups: Sequence[Group]) -> list[tuple[KerasObject, slice]]:
    """Each activation of a stack and the rows that use it."""
    ends = np.cumsum([0, *(g.size for g in groups)]).tolist()
    same = [
        [i for i, _ in members]
        for _, members in groupby(enumerate(groups), lambda item: item[1].activation)
    ]
    return [(groups[own[0]].activation, slice(ends[own[0]], ends[own[-1] + 1])) for own in same]


def stack_activation(groups: Sequence[Group]) -> Activation:
    """One function that applies to each run of a stack (stack, ...) the activation of its group."""
    own = by_activation(groups)
    return mixture(
        [activation(spec) for spec, _ in own], [span.stop - span.start for _, span in own]
    )


def mixture(functions: Sequence[Activation], sizes: Sequence[int]) -> Activation:
    """One function that applies to so many rows the first function, to so many further ones the
    second, and so on."""
    if len(functions) == 1:
        return functions[0]

    def mixed(z: tf.Tensor) -> tf.Tensor:
        return tf.concat(
            [f(part) for f, part in zip(functions, tf.split(z, sizes), strict=True)], axis=0
        )

    return mixed


class Parameters:
    """The parameters of a stack: one flat Keras variable and one update for each optimizer of its
    groups.

    Parameters
    ----------
    flat
        Initial values (stack, parameter), in the order of the groups.
    groups
        The groups of the stack.
    dtype
        In which they are kept.
    pack
        How a group's rows are laid out for training; by default as they are.
    """

    def __init__(
        self,
        flat: NDArray[np.float32],
        groups: Sequence[Group],
        dtype: str,
        pack: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> None:
        self.runs = len(flat)
        specs = [g.optimizer for g in groups]
        distinct = [spec for i, spec in enumerate(specs) if spec not in specs[:i]]
        self._own = [
            [i for i, spec in enumerate(specs) if spec == one] for one in distinct
        ]  # groups of each optimizer
        parts = [pack(part) for part in tf.split(flat, [g.size for g in groups])]
        self._sizes = [part.shape[0] for part in parts]
        self._variables = [
            keras.Variable(tf.concat([parts[i] for i in own], axis=0), dtype=dtype)
            for own in self._own
        ]
        self._updates = [
            compile_update(spec, variable)
            for spec, variable in zip(distinct, self._variables, strict=True)
        ]

    def tensor(self) -> tf.Tensor:
        """The parameters now, (stack, parameter), or as they are packed."""
        parts = [None] * len(self._sizes)
        for own, variable in zip(self._own, self._variables, strict=True):
            for i, part in zip(
                own, tf.split(variable.value, [self._sizes[i] for i in own]), strict=True
            ):
                parts[i] = part
        return tf.concat(parts, axis=0)

    def update(self, gradient: tf.Tensor) -> None:
        """Take one step of every optimizer along the gradient, laid out as the parameters."""
        parts = tf.split(gradient, self._sizes)
        for own, update in zip(self._own, self._updates, strict=True):
            update(tf.concat([parts[i] for i in own], axis=0))
