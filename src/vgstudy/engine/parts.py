"""A stack cut into the parts that are probed one after the other: one activation each, small enough for the memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject
from vgstudy.engine import losses, models, probes, statistics
from vgstudy.engine.groups import Arrangement, spans
from vgstudy.plan.cost import LANES, probe_runs


def probe_parts(
    arranged: Arrangement, net: models.Net, loss: losses.Loss, x: tf.Tensor, y: tf.Tensor
) -> Iterator[Callable[[NDArray[np.float32], bool], statistics.Columns]]:
    """Functions of a stack's parameters that together give every probe column (run, layer).

    The stack is cut by activation and into parts of `cost.probe_runs`, each filled with copies so that
    every elementwise operation has a multiple of `LANES` entries.
    """
    most = probe_runs(net.depth, net.width, x.shape[2])
    fill = min(LANES, most)
    for spec, span in spans(arranged.groups):
        one = replace(net, activation=models.activation(spec))
        shape = _shape(spec.model_dump_json())
        for begin in range(span.start, span.stop, most):
            count = min(most, span.stop - begin)
            rows = np.resize(np.arange(begin, begin + count), -(-count // fill) * fill)
            own = (x, y) if x.shape[0] == 1 else (tf.gather(x, rows), tf.gather(y, rows))
            part = partial(probes.measure, one, loss, *own, shape)
            yield partial(_measured, part, rows, count)


def _measured(
    part: Callable[[NDArray[np.float32], bool], statistics.Columns],
    rows: NDArray[np.intp],
    count: int,
    flat: NDArray[np.float32],
    quantiles: bool,
) -> statistics.Columns:
    return {name: values[:count] for name, values in part(flat[rows], quantiles).items()}


@cache
def _shape(spec_json: str) -> statistics.Shape:
    """`probes.shape_of` an activation level, given as JSON."""
    return probes.shape_of(models.activation(KerasObject.model_validate_json(spec_json)))
