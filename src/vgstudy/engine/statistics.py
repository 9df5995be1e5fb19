"""Statistics of one pass through a stack, in NumPy: gradients, weights, units that are off, causes
of zeros.

Arrays of a layer have the axes (stack, unit, example) or (stack, ...), columns (stack, layer).
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vgstudy.schema import QUANTILES, ZERO_CAUSES

Columns = dict[str, NDArray[Any]]
Array = TypeVar("Array")
NONE, FITTED, ZERO_KERNEL, DEAD, SATURATION, UNDERFLOW = range(len(ZERO_CAUSES))


@dataclass(frozen=True)
class Pass(Generic[Array]):
    """One pass forward and back.

    Attributes
    ----------
    h, slope
        Activations and their derivatives, for each hidden layer (stack, unit, example).
    delta, g
        Signals (stack, unit, example) and gradients (stack, out, in), for each layer.
    z
        Pre-activations of the output layer (stack, output, example), where known.
    """

    h: list[Array]
    slope: list[Array]
    delta: list[Array]
    g: list[Array]
    z: Array | None = None


def of_runs(state: Pass[NDArray[Any]], rows: slice) -> Pass[NDArray[Any]]:
    """Some runs of a pass, without its `z`."""
    h, slope, delta, g = (
        [array[rows] for array in arrays] for arrays in (state.h, state.slope, state.delta, state.g)
    )
    return Pass(h, slope, delta, g)


@dataclass(frozen=True)
class Traits:
    """What probes need to know of an activation.

    Attributes
    ----------
    steepest
        Largest absolute slope on [-5, 5], against which a unit counts as saturated.
    can_be_off
        Whether output and slope are both exactly 0 somewhere, as with ReLU. A sigmoid's are not;
        they only round to 0.
    """

    steepest: float
    can_be_off: bool


def units_off(state: Pass[NDArray[Any]], traits: Traits) -> list[NDArray[np.bool_]]:
    """For each hidden layer which units are off on which examples, (stack, unit, example)."""
    if not traits.can_be_off:
        return [np.broadcast_to(np.False_, h.shape) for h in state.h]
    return [(h == 0) & (s == 0) for h, s in zip(state.h, state.slope, strict=True)]


def zero_causes(
    state: Pass[NDArray[Any]], weights: list[NDArray[Any]], traits: Traits
) -> NDArray[np.int32]:
    """Why each layer's whole gradient is zero, as an index into `schema.ZERO_CAUSES`, (stack,
    layer).

    g_l is the product of h_{l-1} and delta_l, and delta_l comes through the kernels above l. The
    first of these that holds:

    - fitted: the loss has slope 0 on every example, so there is nothing to propagate;
    - zero kernel: a kernel above l, or the kernel whose output h_{l-1} is, is all zero;
    - dead: every example meets, at layer l-1 or above, a layer whose units are all off;
    - saturation: every example meets, at layer l or above, a layer whose units all have slope 0;
    - underflow: none of these, so a product was too small.
    """
    zero = per_layer([np.all(g == 0, axis=(1, 2)) for g in state.g])
    if not zero.any():
        return np.full(zero.shape, NONE, "int32")
    never = np.zeros_like(zero[:, :1])
    severed = per_layer([np.all(w == 0, axis=1) for w in weights])
    above = np.logical_or.accumulate(severed[:, :0:-1], axis=1)[
        :, ::-1
    ]  # of layers 1..L, whether a kernel above is zero
    dead = _at_or_above(np.stack([np.all(off, axis=1) for off in units_off(state, traits)], axis=1))
    flat = _at_or_above(np.stack([np.all(s == 0, axis=1) for s in state.slope], axis=1))
    reasons = {
        FITTED: np.broadcast_to(np.all(state.delta[-1] == 0, axis=(1, 2))[:, None], zero.shape),
        ZERO_KERNEL: np.concatenate([above, never], axis=1)
        | np.concatenate([never, severed[:, :-1]], axis=1),
        DEAD: np.concatenate(
            [dead[:, :1], dead], axis=1
        ),  # layer l is cut off by a dead layer l-1 too; layer 1 has none below
        SATURATION: np.concatenate([flat, never], axis=1),
    }
    cause = np.select(
        [zero & reason for reason in reasons.values()],
        list(reasons),
        np.where(zero, UNDERFLOW, NONE),
    )
    return cause.astype("int32")


def _at_or_above(condition: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(stack, layer, example) -> (stack, layer): whether every example meets the condition at the
    layer or above it."""
    above = np.logical_or.accumulate(condition[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(above.all(axis=2))


def saturated(slope: NDArray[Any], traits: Traits) -> NDArray[np.float64]:
    """Share of a layer's units and examples whose slope is below a hundredth of the steepest,
    (stack,)."""
    limit = 0.01 * traits.steepest
    return np.asarray(
        [np.count_nonzero(np.abs(own) < limit) / own.size for own in slope]
    )  # a fast memory holds one run


def dead(off: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of a layer's units that are off on every example, (stack,)."""
    return np.asarray(np.mean(np.all(off, axis=2), axis=1))


def weight_columns(weights: list[NDArray[np.float64]]) -> Columns:
    """Moments and L1 norm of each kernel, (stack, layer)."""
    return {
        "w_mean": per_layer([w.mean(axis=1) for w in weights]),
        "w_sd": per_layer([w.std(axis=1) for w in weights]),
        "w_l1": per_layer([np.abs(w).sum(axis=1) for w in weights]),
    }


def quantile_columns(
    gradients: list[NDArray[np.float64]], weights: list[NDArray[np.float64]]
) -> Columns:
    """Quantiles at `schema.QUANTILES` of the entries of each gradient and kernel, (stack, layer,
    quantile)."""

    def of(entries: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.quantile(entries.reshape(len(entries), -1), QUANTILES, axis=1).T

    return {
        "g_quantiles": per_layer([of(g) for g in gradients]),
        "w_quantiles": per_layer([of(w) for w in weights]),
    }


def change_columns(
    now: list[NDArray[np.float64]],
    first: list[NDArray[np.float64]],
    before: list[NDArray[np.float64]],
) -> Columns:
    """How far each kernel is from the first and from the previous probe, (stack, layer)."""
    return {
        "w_l1_change": per_layer(
            [np.abs(w - v).sum(axis=1) for w, v in zip(now, first, strict=True)]
        ),
        "update_rms": per_layer(
            [np.sqrt(np.mean((w - v) ** 2, axis=1)) for w, v in zip(now, before, strict=True)]
        ),
    }


def gradient_columns(gradients: list[NDArray[np.float64]]) -> Columns:
    """Moments, norms and the share of zeros of each kernel's gradient (stack, ...), (stack,
    layer)."""
    flat = [g.reshape(len(g), -1) for g in gradients]
    size = [g.shape[1] for g in flat]
    level = per_layer([rms(g) for g in gradients])
    return {
        "g_rms": level,
        "g_mean": per_layer([g.mean(axis=1) for g in flat]),
        "g_sd": per_layer([g.std(axis=1) for g in flat]),
        "g_mean_abs": per_layer([np.abs(g).mean(axis=1) for g in flat]),
        "g_l2": level * np.sqrt(size),
        "g_max_abs": per_layer([np.abs(g).max(axis=1) for g in flat]),
        "g_zero": per_layer([np.mean(g == 0, axis=1) for g in flat]),
    }


def rms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square over all axes but the first; entries are scaled where their squares would
    under- or overflow."""
    flat = values.reshape(len(values), -1)
    rows = (
        flat if len(flat) > 1 else np.repeat(flat, 2, axis=0)
    )  # a row alone is added up in another order than among others
    value: NDArray[np.float64] = np.sqrt(
        np.einsum("sk,sk->s", rows, rows)[: len(flat)] / flat.shape[1]
    )
    unsafe = ~((value > 1e-140) & (value < 1e140))  # zeros and NaN too
    if unsafe.any():
        value[unsafe] = _scaled_rms(flat[unsafe])
    return value


def _scaled_rms(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(flat).max(axis=1, keepdims=True)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return np.asarray(scale[:, 0] * np.sqrt(np.mean((flat / scale) ** 2, axis=1)))


def per_layer(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """A list over layers of (stack,) as (stack, layer)."""
    return np.stack(columns, axis=1)


def hidden(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """As `per_layer`, with NaN for the output layer."""
    return per_layer([*columns, np.full(len(columns[0]), np.nan)])
