"""Units that are off or saturated, and why a layer's gradient is zero, in NumPy.

Arrays of a layer have the axes (stack, unit, example), results (stack, layer).
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vgstudy.engine.statistics import per_layer
from vgstudy.schema import ZERO_CAUSES

Array = TypeVar("Array")
NONE, FITTED, ZERO_KERNEL, DEAD, SATURATION, UNDERFLOW = range(len(ZERO_CAUSES))
# A unit counts as saturated where its slope is below this share of the steepest.
SATURATED_SLOPE = 0.01


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
        Pre-activations of the output layer (stack, output, example), if known.
    """

    h: list[Array]
    slope: list[Array]
    delta: list[Array]
    g: list[Array]
    z: Array | None = None


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
    """Return for each hidden layer which units are off on which examples, (stack, unit,
    example)."""
    if not traits.can_be_off:
        return [np.broadcast_to(np.False_, h.shape) for h in state.h]
    return [(h == 0) & (s == 0) for h, s in zip(state.h, state.slope, strict=True)]


def saturated_share(slope: NDArray[Any], traits: Traits) -> NDArray[np.float64]:
    """Return the share of a layer's units and examples that are saturated, (stack,)."""
    limit = SATURATED_SLOPE * traits.steepest
    # One run at a time stays in the cache.
    return np.asarray([np.count_nonzero(np.abs(run) < limit) / run.size for run in slope])


def dead_share(off: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of a layer's units that are off on every example, (stack,)."""
    return np.asarray(np.mean(np.all(off, axis=2), axis=1))


def zero_causes(
    state: Pass[NDArray[Any]], weights: list[NDArray[Any]], traits: Traits
) -> NDArray[np.int32]:
    """Return why each layer's whole gradient is zero, as an index into `schema.ZERO_CAUSES`,
    (stack, layer).

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
    fitted = np.all(state.delta[-1] == 0, axis=(1, 2))
    reasons = {
        FITTED: np.broadcast_to(fitted[:, None], zero.shape),
        ZERO_KERNEL: _next_to_zero_kernel(weights),
        DEAD: _cut_off(units_off(state, traits)),
        SATURATION: _flat([s == 0 for s in state.slope]),
    }
    conditions = [zero & reason for reason in reasons.values()]
    cause = np.select(conditions, list(reasons), np.where(zero, UNDERFLOW, NONE))
    return cause.astype("int32")


def _next_to_zero_kernel(weights: list[NDArray[Any]]) -> NDArray[np.bool_]:
    """Return whether a kernel above a layer, or the kernel below it, is all zero, (stack,
    layer)."""
    zero: NDArray[np.bool_] = per_layer([np.all(w == 0, axis=1) for w in weights])
    never = np.zeros_like(zero[:, :1])
    above = np.logical_or.accumulate(zero[:, :0:-1], axis=1)[:, ::-1]
    below = zero[:, :-1]
    return np.asarray(
        np.concatenate([above, never], axis=1) | np.concatenate([never, below], axis=1)
    )


def _cut_off(off: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return whether every example meets a layer that is all off, at the layer below or above,
    (stack, layer). Layer 1 has no hidden layer below."""
    dead = _every_example_at_or_above(off)
    return np.concatenate([dead[:, :1], dead], axis=1)


def _flat(zero_slope: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return whether every example meets a layer whose slopes are all 0, at the layer or above,
    (stack, layer)."""
    flat = _every_example_at_or_above(zero_slope)
    return np.concatenate([flat, np.zeros_like(flat[:, :1])], axis=1)


def _every_example_at_or_above(conditions: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return whether every example meets, at a hidden layer or above it, a layer whose units all
    fulfil the condition, (stack, hidden layer)."""
    by_example = np.stack([np.all(condition, axis=1) for condition in conditions], axis=1)
    above = np.logical_or.accumulate(by_example[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(above.all(axis=2))
