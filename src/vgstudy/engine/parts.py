"""A stack cut into the parts that are probed one after the other, small enough for the memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject
from vgstudy.engine import losses, models, probes, statistics
from vgstudy.engine.groups import Arrangement, by_activation, mixture
from vgstudy.planning.stacks import LANES, probe_runs


@dataclass(frozen=True)
class Piece:
    """Runs of one activation that are probed together: which, and so many of them again that
    `LANES` divides their number."""

    activation: KerasObject
    rows: NDArray[np.intp]
    count: int


def probe_parts(
    arranged: Arrangement, net: models.Net, loss: losses.Loss, x: tf.Tensor, y: tf.Tensor
) -> Iterator[Callable[[NDArray[np.float32], bool], statistics.Columns]]:
    """Functions of a stack's parameters that together give every probe column (run, layer).

    The stack is cut into parts of at most `portions.probe_runs`, in which each activation is filled
    with copies so that every elementwise operation has a multiple of `LANES` entries.
    """
    for part in _parts(
        by_activation(arranged.groups), probe_runs(net.depth, net.width, x.shape[2])
    ):
        rows, sizes = (
            np.concatenate([piece.rows for piece in part]),
            tuple(len(piece.rows) for piece in part),
        )
        activations = tuple(piece.activation.model_dump_json() for piece in part)
        ends = np.cumsum((0, *sizes)).tolist()
        traits = [
            (slice(*span), _traits(spec))
            for span, spec in zip(pairwise(ends), activations, strict=True)
        ]
        own = (x, y) if x.shape[0] == 1 else (tf.gather(x, rows), tf.gather(y, rows))
        kept = np.concatenate(
            [begin + np.arange(piece.count) for begin, piece in zip(ends, part, strict=False)]
        )
        mixed = replace(net, activation=_mixture(activations, sizes))
        yield partial(_measured, partial(probes.measure, mixed, loss, *own, traits), rows, kept)


def _parts(activations: Sequence[tuple[KerasObject, slice]], most: int) -> list[list[Piece]]:
    """Pieces of at most so many runs, in order, as many in a part as it may have runs."""
    fill = min(LANES, most)
    parts: list[list[Piece]] = []
    for spec, span in activations:
        for begin in range(span.start, span.stop, most):
            count = min(most, span.stop - begin)
            piece = Piece(
                spec, np.resize(np.arange(begin, begin + count), -(-count // fill) * fill), count
            )
            if parts and sum(len(each.rows) for each in parts[-1]) + len(piece.rows) <= most:
                parts[-1].append(piece)
            else:
                parts.append([piece])
    return parts


def _measured(
    part: Callable[[NDArray[np.float32], bool], statistics.Columns],
    rows: NDArray[np.intp],
    kept: NDArray[np.intp],
    flat: NDArray[np.float32],
    quantiles: bool,
) -> statistics.Columns:
    return {name: values[kept] for name, values in part(flat[rows], quantiles).items()}


@cache
def _mixture(activations: tuple[str, ...], sizes: tuple[int, ...]) -> models.Activation:
    """`groups.mixture` of activation levels, given as JSON; the same object for the same ones, so
    that its graphs serve again."""
    return mixture(
        [models.activation(KerasObject.model_validate_json(spec)) for spec in activations], sizes
    )


@cache
def _traits(spec_json: str) -> statistics.Traits:
    """`probes.traits_of` an activation level, given as JSON."""
    return probes.traits_of(models.activation(KerasObject.model_validate_json(spec_json)))
