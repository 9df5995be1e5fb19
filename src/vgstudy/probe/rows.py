"""From the passes of one probe to rows of the probes table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.grid import labels, nullable
from vgstudy.engine.statistics import (
    Columns,
    change_columns,
    gradient_columns,
    per_layer,
    rms,
    weight_columns,
)
from vgstudy.engine.zero_causes import Pass, Traits, zero_causes
from vgstudy.probe.kernels import Kernel
from vgstudy.probe.passes import OUT_OF_SIGHT, Seen
from vgstudy.schema import EXAMPLES, LAYER_KINDS, QUANTILES, TABLES, ZERO_CAUSES
from vgstudy.store.columns import conform

Array = NDArray[Any]
FOR_CAUSES = Traits(steepest=1.0, can_be_off=True)  # layers that cannot be off are shown as on


def columns(
    order: Sequence[Kernel],
    kinds: Sequence[str],
    traits: Sequence[Traits],
    double: Seen,
    single: Seen,
) -> Columns:
    """Every probe column that needs one state only, (1, layer), of quantiles (1, layer, quantile);
    NaN where unknown.

    Parameters
    ----------
    order, kinds, traits
        The kernels in the order of the forward pass, their kinds and the traits of their
        activations.
    double, single
        The pass in float64 and the one in float32.
    """
    weights = values(order)
    hidden = [kind != "output" for kind in kinds]
    with np.errstate(over="ignore", invalid="ignore"):
        level = _row([_rms(h) if own else np.nan for h, own in zip(double.h, hidden, strict=True)])
        shares = {
            "h_saturated": [
                _saturated(s, trait) for s, trait in zip(double.slope, traits, strict=True)
            ],
            "h_dead": [
                _dead(double, layer, traits[layer], order[layer]) for layer in range(len(order))
            ],
        }
        return {
            **gradient_columns([g[None] for g in double.g]),
            "g_zero_float32": _row([np.mean(g == 0) for g in single.g]),
            "zero_cause": zero_causes(_chain(double, traits), weights, FOR_CAUSES),
            "zero_cause_float32": zero_causes(_chain(single, traits), weights, FOR_CAUSES),
            "delta_rms": _row([_rms(calls) for calls in double.delta]),
            "h_rms": level,
            **{
                name: np.where(np.isfinite(level), _row(share), np.nan)
                for name, share in shares.items()
            },
            **weight_columns(weights),
            "g_quantiles": per_layer([np.quantile(g, QUANTILES)[None] for g in double.g]),
            "w_quantiles": per_layer([np.quantile(w, QUANTILES)[None] for w in weights]),
        }


def changes(now: list[Array], first: list[Array], before: list[Array] | None) -> Columns:
    """How far each kernel is from the first probe and from the previous one, None at the first, (1,
    layer)."""
    found = change_columns(now, first, now if before is None else before)
    return (
        found
        if before is not None
        else found | {"update_rms": np.full_like(found["update_rms"], np.nan)}
    )


def probe_rows(
    keys: dict[str, Any],
    order: Sequence[Kernel],
    kinds: Sequence[str],
    found: Columns,
    quantities: Sequence[str],
) -> pa.Table:
    """The rows of one probe, layer 1 first, as the schema has them.

    Parameters
    ----------
    keys
        `cell`, `seed`, `epoch` and `step`.
    found
        Every measured column, (1, layer) or (1, layer, quantile); NaN in delta, h and `update_rms`
        becomes null.
    quantities
        Those of g, delta and h to keep.
    """
    count = len(order)
    columns = {
        **{name: np.full(count, keys[name], "int32") for name in ("seed", "epoch", "step")},
        "cell": labels(np.zeros(count, int), [keys["cell"]]),
        "examples": labels(np.zeros(count, int), EXAMPLES),
        "layer": np.arange(1, count + 1, dtype="int16"),
        "kind": labels(np.array([LAYER_KINDS.index(kind) for kind in kinds]), LAYER_KINDS),
        "fan_in": np.array([kernel.fans[0] for kernel in order], "int32"),
        "fan_out": np.array([kernel.fans[1] for kernel in order], "int32"),
        **{name: _column(name, values[0], quantities) for name, values in found.items()},
    }
    return conform("probes", {name: columns[name] for name in TABLES["probes"].columns})


def _column(name: str, values: Array, quantities: Sequence[str]) -> Any:
    family = name.partition("_")[0]
    if family in ("delta", "h") and family not in quantities:
        return pa.nulls(len(values))
    if family == "zero":
        return labels(values, ZERO_CAUSES)
    if values.ndim > 1:
        return pa.array(list(values), pa.list_(pa.float64()))
    return nullable(values) if family in ("delta", "h", "update") else values


def values(order: Sequence[Kernel]) -> list[Array]:
    """The present kernels in float64, each (1, entry)."""
    return [kernel.variable.value.numpy().astype("float64").reshape(1, -1) for kernel in order]


def _row(numbers: Sequence[Any]) -> Array:
    return per_layer([np.array([number], "float64") for number in numbers])


def _rms(calls: Sequence[Array]) -> float:
    return float(rms(_by_example(calls))[0]) if calls else np.nan


def _by_example(calls: Sequence[Array]) -> Array:
    """The arrays (example, ...) of a layer's calls as one (1, unit, example)."""
    return np.concatenate([each.reshape(len(each), -1) for each in calls], axis=1).T[None]


def _saturated(slopes: Sequence[Array], traits: Traits) -> float:
    return (
        float(np.mean(np.abs(_by_example(slopes)) < 0.01 * traits.steepest))
        if slopes and traits != OUT_OF_SIGHT
        else np.nan
    )


def _dead(seen: Seen, layer: int, traits: Traits, kernel: Kernel) -> float:
    """Share of units, of channels where there are positions, that are off on every example,
    position and call."""
    h, slope = seen.h[layer], seen.slope[layer]
    if not slope or traits == OUT_OF_SIGHT:
        return np.nan
    axis = 1 if getattr(kernel.site, "data_format", None) == "channels_first" else -1
    off = [
        np.moveaxis((a == 0) & (s == 0) & traits.can_be_off, axis, 0)
        for a, s in zip(h, slope, strict=True)
    ]
    return float(np.mean(np.all([each.reshape(len(each), -1).all(axis=1) for each in off], axis=0)))


def _chain(seen: Seen, traits: Sequence[Traits]) -> Pass[Array]:
    """The pass as that of one chain of layers, which `zero_causes` judges; a layer out of sight is
    never off or flat."""
    examples = max(
        [a.shape[0] for a in (*(a for calls in seen.h for a in calls), *seen.top)], default=1
    )
    on = np.ones((1, 1, examples))
    h, slope = [], []
    for calls, slopes, trait in zip(seen.h[:-1], seen.slope[:-1], traits[:-1], strict=True):
        told = len(slopes) > 0
        h.append(_by_example(calls) if told and trait.can_be_off else on)
        slope.append(_by_example(slopes) if told else on)
    top = np.concatenate([each.reshape(-1) for each in seen.top])[None, :, None] if seen.top else on
    return Pass(h, slope, [top], [g.reshape(1, -1, 1) for g in seen.g])
