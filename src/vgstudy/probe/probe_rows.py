"""Rows of the probes table from the two passes of one probe, in float64 and float32.

Columns are (1, layer) arrays, of quantiles (1, layer, quantile), as in `engine.statistics`; NaN
where unknown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.analysis.grid import labels, nullable
from vgstudy.engine.statistics import (
    Columns,
    change_columns,
    gradient_columns,
    per_layer,
    quantile_columns,
    rms,
    weight_columns,
)
from vgstudy.engine.zero_causes import SATURATION, UNDERFLOW, Pass, Traits, zero_causes
from vgstudy.probe.passes import UNKNOWN, Signals, unit_axis
from vgstudy.probe.weights import Kernel
from vgstudy.schema import EXAMPLES, LAYER_KINDS, TABLES, ZERO_CAUSES
from vgstudy.store.columns import conform

Array = NDArray[Any]
# layers that cannot be off are given to `zero_causes` as on
FOR_CAUSES = Traits(steepest=1.0, can_be_off=True)


def state_columns(
    order: Sequence[Kernel],
    kinds: Sequence[str],
    traits: Sequence[Traits],
    double: Signals,
    single: Signals,
) -> Columns:
    """Return every probe column that needs the present state only.

    Parameters
    ----------
    order, kinds, traits
        The kernels in the order of the forward pass, their kinds and the traits of their
        activations.
    double, single
        The pass in float64 and the one in float32.
    """
    weights = values(order)
    gradients = [g[None] for g in double.g]
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            **gradient_columns(gradients),
            "g_zero_float32": _row([np.mean(g == 0) for g in single.g]),
            "zero_cause": _zero_causes(double, traits, kinds, weights),
            "zero_cause_float32": _zero_causes(single, traits, kinds, weights),
            "delta_rms": _row([_rms(calls) for calls in double.delta]),
            **_activation_columns(order, kinds, traits, double),
            **weight_columns(weights),
            **quantile_columns(gradients, weights),
        }


def weight_changes(now: list[Array], first: list[Array], before: list[Array] | None) -> Columns:
    """Return how far each kernel is from the first probe and from the previous one.

    `before` is None at the first probe.
    """
    columns = change_columns(now, first, now if before is None else before)
    if before is None:
        columns["update_rms"] = np.full_like(columns["update_rms"], np.nan)
    return columns


def probe_rows(
    keys: Mapping[str, Any],
    order: Sequence[Kernel],
    kinds: Sequence[str],
    columns: Columns,
    quantities: Sequence[str],
    unreached: Sequence[str] = (),
) -> pa.Table:
    """Return the rows of one probe, layer 1 first, as the schema has them.

    Parameters
    ----------
    keys
        `cell`, `seed`, `epoch` and `step`.
    columns
        Every measured column; NaN in delta, h and `update_rms` becomes null.
    quantities
        Those of g, delta and h to keep.
    unreached
        Names of kernels on which the loss does not depend: their columns of g are null.
    """
    count = len(order)
    all_columns = {
        **{name: np.full(count, keys[name], "int32") for name in ("seed", "epoch", "step")},
        "cell": labels(np.zeros(count, int), [keys["cell"]]),
        "examples": labels(np.zeros(count, int), EXAMPLES),
        "layer": np.arange(1, count + 1, dtype="int16"),
        "kind": labels(np.array([LAYER_KINDS.index(kind) for kind in kinds]), LAYER_KINDS),
        "fan_in": np.array([kernel.fans[0] for kernel in order], "int32"),
        "fan_out": np.array([kernel.fans[1] for kernel in order], "int32"),
        **{name: _column(name, column[0], quantities) for name, column in columns.items()},
    }
    rows = conform("probes", {name: all_columns[name] for name in TABLES["probes"].columns})
    if not unreached:
        return rows
    return null_where([kernel.name in unreached for kernel in order], rows)


def values(order: Sequence[Kernel]) -> list[Array]:
    """Return the present kernels in float64, each (1, entry)."""
    arrays = [tf.identity(kernel.variable.value).numpy() for kernel in order]
    return [array.astype("float64").reshape(1, -1) for array in arrays]


def _column(name: str, column: Array, quantities: Sequence[str]) -> Any:
    family = name.partition("_")[0]
    if family in ("delta", "h") and family not in quantities:
        return pa.nulls(len(column))
    if family == "zero":
        return labels(column, ZERO_CAUSES)
    if column.ndim > 1:
        return pa.array(list(column), pa.list_(pa.float64()))
    return nullable(column) if family in ("delta", "h", "update") else column


def null_where(unreached: Sequence[bool], rows: pa.Table) -> pa.Table:
    """Return the rows with null in the columns of g of kernels that the loss does not reach."""
    for place, name in enumerate(rows.column_names):
        if name.startswith("g_"):
            empty = pa.nulls(len(rows), rows.schema.field(name).type)
            column = pc.if_else(pa.array(unreached), empty, rows[name].combine_chunks())
            rows = rows.set_column(place, rows.schema.field(name), column)
    return rows


def _activation_columns(
    order: Sequence[Kernel], kinds: Sequence[str], traits: Sequence[Traits], signals: Signals
) -> Columns:
    """Return level and shares of the activations; unknown for output layers."""
    hidden = [kind != "output" for kind in kinds]
    levels = _row(
        [_rms(h) if is_hidden else np.nan for h, is_hidden in zip(signals.h, hidden, strict=True)]
    )
    pairs = zip(signals.slope, traits, strict=True)
    dead = [_dead(signals, layer, traits[layer], kernel) for layer, kernel in enumerate(order)]
    shares = {"h_saturated": [_saturated(*pair) for pair in pairs], "h_dead": dead}
    known = {
        name: np.where(np.isfinite(levels), _row(share), np.nan) for name, share in shares.items()
    }
    return {"h_rms": levels, **known}


def _row(numbers: Sequence[Any]) -> Array:
    return per_layer([np.array([number], "float64") for number in numbers])


def _rms(calls: Sequence[Array]) -> float:
    return float(rms(_by_example(calls))[0]) if calls else np.nan


def _by_example(calls: Sequence[Array]) -> Array:
    """Return the arrays (example, ...) of a layer's calls as one (1, unit, example)."""
    return np.concatenate([each.reshape(len(each), -1) for each in calls], axis=1).T[None]


def _saturated(slopes: Sequence[Array], traits: Traits) -> float:
    if not slopes or traits == UNKNOWN:
        return np.nan
    return float(np.mean(np.abs(_by_example(slopes)) < 0.01 * traits.steepest))


def _dead(signals: Signals, layer: int, traits: Traits, kernel: Kernel) -> float:
    """Return the share of units that are off on every example, position and call.

    Where there are positions, a unit is a channel.
    """
    h, slope = signals.h[layer], signals.slope[layer]
    if not slope or traits == UNKNOWN:
        return np.nan
    axis = unit_axis(kernel.site)
    off = [
        np.moveaxis((a == 0) & (s == 0) & traits.can_be_off, axis, 0)
        for a, s in zip(h, slope, strict=True)
    ]
    off_in_every_call = np.all([each.reshape(len(each), -1).all(axis=1) for each in off], axis=0)
    return float(np.mean(off_in_every_call))


def _zero_causes(
    signals: Signals, traits: Sequence[Traits], kinds: Sequence[str], weights: list[Array]
) -> NDArray[np.int32]:
    """Return why each whole gradient is zero; see `engine.zero_causes`.

    An output layer that sends nothing back although the loss has a slope is saturated.
    """
    causes = zero_causes(_chain(signals, traits), weights, FOR_CAUSES)
    last = [signals.delta[place] for place, kind in enumerate(kinds) if kind == "output"]
    signals_below = [delta for calls in last for delta in calls]
    has_slope = any(np.any(top != 0) for top in signals.top)
    if signals_below and has_slope and not any(np.any(delta != 0) for delta in signals_below):
        causes = np.where(causes == UNDERFLOW, SATURATION, causes)
    return causes


def _chain(signals: Signals, traits: Sequence[Traits]) -> Pass[Array]:
    """Return the pass as that of one chain of layers, which `zero_causes` judges.

    A layer whose units cannot be seen is never off or flat.
    """
    calls = [array for each in signals.h for array in each]
    examples = max([array.shape[0] for array in (*calls, *signals.top)], default=1)
    on = np.ones((1, 1, examples))
    h, slope = [], []
    for layer, trait in enumerate(traits[:-1]):
        seen = len(signals.slope[layer]) > 0
        h.append(_by_example(signals.h[layer]) if seen and trait.can_be_off else on)
        slope.append(_by_example(signals.slope[layer]) if seen else on)
    flat_top = [each.reshape(-1) for each in signals.top]
    top = np.concatenate(flat_top)[None, :, None] if flat_top else on
    return Pass(h, slope, [top], [g.reshape(1, -1, 1) for g in signals.g])
