"""Rows of the probes table from the two passes of one probe, in float64 and float32.

Columns are (1, layer) arrays, of quantiles (1, layer, quantile), as in `engine.statistics`; NaN
where unknown.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.engine.statistics import (
    Columns,
    change_columns,
    gradient_columns,
    per_layer,
    quantile_columns,
    rms,
    weight_columns,
)
from vgstudy.engine.zero_causes import (
    DEAD,
    NONE,
    SATURATED_SLOPE,
    SATURATION,
    UNDERFLOW,
    Pass,
    Traits,
    zero_causes,
)
from vgstudy.probe.kernels import Layer
from vgstudy.probe.signals import Signals
from vgstudy.schema import EXAMPLES, LAYER_KINDS, TABLES, ZERO_CAUSES
from vgstudy.store.columns import conform, labels, nullable

Array = NDArray[Any]
# layers that cannot be off are given to `zero_causes` as on
FOR_CAUSES = Traits(steepest=1.0, can_be_off=True)
# examples that mostly suffice to see that no unit is off on all
FEW = 8


def probe_rows(keys: Mapping[str, Any], layers: Sequence[Layer], columns: Columns) -> pa.Table:
    """Return the rows of one probe, layer 1 first, as the schema has them.

    `keys` are `cell`, `seed`, `epoch` and `step`. Missing columns are null. NaN in delta, h and
    `update_rms` becomes null, and so do all columns of g where the loss does not depend on the
    kernel.
    """
    count = len(layers)
    kinds = [LAYER_KINDS.index(layer.kind) for layer in layers]
    fans = np.array([layer.kernel.fans for layer in layers], "int32")
    unreached = np.array([not layer.is_reached for layer in layers])
    by_name = {
        **{name: np.full(count, keys[name], "int32") for name in ("seed", "epoch", "step")},
        "cell": labels(np.zeros(count, int), [keys["cell"]]),
        "examples": labels(np.zeros(count, int), EXAMPLES),
        "layer": np.arange(1, count + 1, dtype="int16"),
        "kind": labels(np.array(kinds), LAYER_KINDS),
        "fan_in": fans[:, 0],
        "fan_out": fans[:, 1],
        **{name: _column(name, column[0], unreached) for name, column in columns.items()},
    }
    empty = [None] * count
    return conform("probes", {name: by_name.get(name, empty) for name in TABLES["probes"].columns})


def _column(name: str, column: Array, unreached: NDArray[np.bool_]) -> pa.Array:
    family = name.partition("_")[0]
    if family == "zero":
        return labels(column, ZERO_CAUSES)
    if column.ndim > 1:
        is_empty = unreached & (family == "g")
        entries = zip(is_empty, column, strict=True)
        return pa.array([None if empty else list(values) for empty, values in entries])
    if family == "g":
        return pa.array(column, mask=unreached)
    return nullable(column) if family in ("delta", "h", "update") else pa.array(column)


def kernel_values(layers: Sequence[Layer]) -> list[Array]:
    """Return the present kernels in float64, each (1, entry)."""
    arrays = [layer.kernel.variable.value.numpy() for layer in layers]
    return [array.astype("float64").reshape(1, -1) for array in arrays]


def state_columns(
    layers: Sequence[Layer],
    weights: list[Array],
    double: Signals,
    single: Signals,
    quantiles: bool,
) -> Columns:
    """Return every probe column that needs the present state only.

    `weights` are the present kernels, `double` and `single` the passes in float64 and float32;
    `quantiles` says whether to add those, which take a quarter of the time of a small model.
    """
    gradients = [g[None] for g in double.g]
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            **gradient_columns(gradients),
            "g_zero_float32": _row([np.mean(g == 0) for g in single.g]),
            "zero_cause": _zero_causes(double, layers, weights),
            "zero_cause_float32": _zero_causes(single, layers, weights),
            "delta_rms": _row([double.examples * _rms(calls) for calls in double.delta]),
            **_activation_columns(layers, double),
            **weight_columns(weights),
            **(quantile_columns(gradients, weights) if quantiles else {}),
        }


def weight_changes(now: list[Array], first: list[Array], before: list[Array] | None) -> Columns:
    """Return how far each kernel is from the first probe and from the previous one.

    `before` is None at the first probe.
    """
    columns = change_columns(now, first, now if before is None else before)
    if before is None:
        columns["update_rms"] = np.full_like(columns["update_rms"], np.nan)
    return columns


def _activation_columns(layers: Sequence[Layer], signals: Signals) -> Columns:
    """Return level and shares of the activations; unknown for output layers."""
    rows = zip(layers, signals.h, signals.slope, strict=True)
    columns = zip(*(_activation_numbers(*row) for row in rows), strict=True)
    names = ("h_rms", "h_saturated", "h_dead")
    return {name: _row(column) for name, column in zip(names, columns, strict=True)}


def _activation_numbers(
    layer: Layer, h: list[Array], slope: list[Array]
) -> tuple[float, float, float]:
    """Return level, share of saturated and share of dead units; NaN where unknown.

    Where there are positions, a unit is a channel.
    """
    level = np.nan if layer.kind == "output" else _rms(h)
    traits = layer.traits
    if not np.isfinite(level) or traits is None:
        return level, np.nan, np.nan
    limit = SATURATED_SLOPE * traits.steepest
    flat = [np.count_nonzero((each < limit) & (each > -limit)) / each.size for each in slope]
    axis = layer.kernel.unit_axis
    # a slope that cannot be seen is 0 where the activation is 0
    off = [_off(*call, axis) for call in zip_longest(h, slope)] if traits.can_be_off else [[False]]
    return level, float(np.mean(flat)) if flat else np.nan, float(np.mean(np.all(off, axis=0)))


def _off(h: Array, slope: Array | None, axis: int) -> NDArray[np.bool_]:
    """Return which units, along an axis, are off on every example and position."""
    if len(h) > FEW:
        few = _off(h[:FEW], None if slope is None else slope[:FEW], axis)
        if not few.any():
            return few
    is_off = (h == 0) if slope is None else (h == 0) & (slope == 0)
    units = np.moveaxis(is_off, axis, -1)
    return np.asarray(units.reshape(-1, units.shape[-1]).all(axis=0))


def _row(numbers: Sequence[Any]) -> Array:
    return per_layer([np.array([number], "float64") for number in numbers])


def _rms(calls: Sequence[Array]) -> float:
    """Return the root mean square of all entries; NaN without any."""
    if not calls:
        return np.nan
    flat = [np.asarray(each, "float64").ravel() for each in calls]
    # threads that np.vdot starts wait for each other longer than they compute
    squares = [np.einsum("i,i", each, each) for each in flat]
    value = np.sqrt(sum(squares) / sum(map(len, flat)))
    # where squares would under- or overflow
    return float(value if 1e-140 < value < 1e140 else rms(np.concatenate(flat)[None])[0])


def _by_example(calls: Sequence[Array]) -> Array:
    """Return the arrays (example, ...) of a layer's calls as one (1, unit, example)."""
    return np.concatenate([each.reshape(len(each), -1) for each in calls], axis=1).T[None]


def _zero_causes(
    signals: Signals, layers: Sequence[Layer], weights: list[Array]
) -> NDArray[np.int32]:
    """Return why each whole gradient is zero; see `engine.zero_causes`.

    Where an output layer sends nothing back although its loss has a slope, what would else be an
    underflow is put down to that layer: it is saturated.
    """
    if all(g.any() for g in signals.g):
        return np.full((1, len(layers)), NONE, "int32")
    causes = zero_causes(_chain(signals, layers), weights, FOR_CAUSES)
    if any(_is_silent(signals, place) for place in range(len(layers))):
        causes = np.where(causes == UNDERFLOW, SATURATION, causes)
    for place, layer in enumerate(layers):
        if causes[0, place] == UNDERFLOW and _has_dead_sources(signals, layers, layer):
            causes[0, place] = DEAD
    return causes


def _has_dead_sources(signals: Signals, layers: Sequence[Layer], layer: Layer) -> bool:
    """Return whether every layer that feeds one, on its own branch, is off on every example."""
    below = [(layers[at], signals.h[at], signals.slope[at]) for at in layer.sources or ()]
    return bool(below) and all(_activation_numbers(*each)[2] == 1 for each in below)


def _is_silent(signals: Signals, place: int) -> bool:
    """Return whether an output layer has no delta although the loss has a slope at its output."""
    tops = zip(signals.top, signals.givers, strict=True)
    has_slope = any(np.any(top != 0) for top, givers in tops if place in givers)
    deltas = signals.delta[place]
    return has_slope and bool(deltas) and not any(delta.any() for delta in deltas)


def _chain(signals: Signals, layers: Sequence[Layer]) -> Pass[Array]:
    """Return the pass as that of one chain of layers, which `zero_causes` judges.

    A layer whose units cannot be seen is never off or flat, nor is an output layer, which may come
    before other layers in the order of calls.
    """
    calls = [array for each in signals.h for array in each]
    examples = max([len(array) for array in (*calls, *signals.top)], default=1)
    on = np.ones((1, 1, examples))
    h, slope = [], []
    for layer, outputs, slopes in zip(layers[:-1], signals.h, signals.slope, strict=False):
        is_seen = bool(slopes) and layer.kind != "output"
        can_be_off = is_seen and layer.traits and layer.traits.can_be_off
        h.append(_by_example(outputs) if can_be_off else on)
        slope.append(_by_example(slopes) if is_seen else on)
    tops = [each.reshape(-1) for each in signals.top]
    top = np.concatenate(tops)[None, :, None] if tops else on
    return Pass(h, slope, [top], [g.reshape(1, -1, 1) for g in signals.g])
