"""Measurements of a stack on its fixed probe set: gradients, backpropagated signals, activations, weights, per layer.

Backpropagation is written out here, in float64 and again in float32: delta_l = (W_{l+1}^T delta_{l+1}) * slope_l and
g_l = mean over examples of delta_l h_{l-1}^T. Axes as in `models`; results are (stack, layer).
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.losses import Loss
from vgstudy.engine.models import Activation, Net, affine
from vgstudy.schema import QUANTILES, ZERO_CAUSES

Columns = dict[str, NDArray[Any]]
Array = TypeVar("Array")
NONE, FITTED, ZERO_KERNEL, DEAD, SATURATION, UNDERFLOW = range(len(ZERO_CAUSES))


@dataclass(frozen=True)
class Pass(Generic[Array]):
    """One forward and backward pass: an array per layer; `slope` and `h` are of the hidden layers only."""

    h: list[Array]
    slope: list[Array]
    delta: list[Array]
    g: list[Array]


def backpropagate(net: Net, loss: Loss, flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> Pass[tf.Tensor]:
    """Forward and backward pass in the dtype of `flat`.

    Parameters
    ----------
    net, loss
        What is computed.
    flat
        Parameters (stack, parameter).
    x, y
        Inputs (stack, input, example) and targets (stack, output, example), same dtype.

    Returns
    -------
    Activations h, slopes dh/dz and per-example signals delta = dLoss/dz, each (stack, unit, example), and the gradient g
    of the mean loss by each kernel (stack, out, in).
    """
    *hidden, last = net.layers(flat)
    h, slopes = [x], []
    for layer in hidden:
        out, slope = value_and_slope(net.activation, affine(layer, h[-1]))
        h.append(out)
        slopes.append(slope)
    deltas = [loss.slope(affine(last, h[-1]), y)]
    above = [layer[:, :, :-1] for layer in (*hidden[1:], last)]
    for kernel, slope in zip(reversed(above), reversed(slopes), strict=True):
        deltas.insert(0, tf.matmul(kernel, deltas[0], transpose_a=True) * slope)
    share = tf.constant(1 / x.shape[-1], x.dtype)
    g = [tf.matmul(d, below, transpose_b=True) * share for d, below in zip(deltas, h, strict=True)]
    return Pass(h[1:], slopes, deltas, g)


def value_and_slope(activation: Activation, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """An elementwise activation and its derivative at z."""
    with tf.GradientTape() as tape:
        tape.watch(z)
        h = activation(z)
    return h, tape.gradient(h, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


@dataclass(frozen=True)
class Shape:
    """What probes need to know of an activation's shape.

    Attributes
    ----------
    steepest
        Largest absolute slope on [-5, 5], against which a unit counts as saturated.
    can_be_off
        Whether output and slope are both exactly 0 somewhere, as with ReLU. A sigmoid's are not; they only round to 0.
    """

    steepest: float
    can_be_off: bool


def shape_of(activation: Activation) -> Shape:
    """The shape of an elementwise activation, in float64."""
    h, slope = (each.numpy() for each in value_and_slope(activation, tf.linspace(tf.constant(-20.0, tf.float64), 20.0, 8001)))
    near = slice(3000, 5001)  # [-5, 5]
    return Shape(float(np.abs(slope[near]).max()), int(((h == 0) & (slope == 0)).sum()) > 1)


def measure(
    net: Net, loss: Loss, x: tf.Tensor, y: tf.Tensor, shape: Shape, flat: NDArray[np.float32], quantiles: bool = False
) -> Columns:
    """Every probe column that needs one state only, (stack, layer).

    Parameters
    ----------
    net, loss
        What is computed.
    x, y
        float32 probe inputs (stack, input, example) and targets (stack, output, example).
    shape
        `shape_of` the activation.
    flat
        float32 parameters (stack, parameter).
    quantiles
        Whether quantiles of gradient and kernel entries are wanted too, (stack, layer, quantile).
    """
    double = arrays(backpropagate(net, loss, *(tf.cast(a, tf.float64) for a in (flat, x, y))))
    single = arrays(backpropagate(net, loss, tf.constant(flat), x, y))
    weights = kernels(net, flat)
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            **_gradient_columns(double.g),
            "g_zero_float32": _per_layer([np.mean(g == 0, axis=(1, 2)) for g in single.g]),
            "zero_cause": zero_causes(double, weights, shape),
            "zero_cause_float32": zero_causes(single, weights, shape),
            "delta_rms": _per_layer([_rms(d) for d in double.delta]),
            "h_rms": _hidden([_rms(h) for h in double.h]),
            "h_saturated": _hidden([np.mean(np.abs(s) < 0.01 * shape.steepest, axis=(1, 2)) for s in double.slope]),
            "h_dead": _hidden([np.mean(np.all(off, axis=2), axis=1) for off in units_off(double, shape)]),
            **weight_columns(weights),
            **(quantile_columns(double.g, weights) if quantiles else {}),
        }


def arrays(state: Pass[tf.Tensor]) -> Pass[NDArray[Any]]:
    """The same pass as read-only NumPy views, which saves copying every tensor."""
    h, slope, delta, g = (
        [np.asarray(memoryview(t)) for t in tensors] for tensors in (state.h, state.slope, state.delta, state.g)
    )
    return Pass(h, slope, delta, g)


def units_off(state: Pass[NDArray[Any]], shape: Shape) -> list[NDArray[np.bool_]]:
    """For each hidden layer which units are off on which examples, (stack, unit, example)."""
    return [(h == 0) & (s == 0) & shape.can_be_off for h, s in zip(state.h, state.slope, strict=True)]


def zero_causes(state: Pass[NDArray[Any]], weights: list[NDArray[Any]], shape: Shape) -> NDArray[np.int32]:
    """Why each layer's whole gradient is zero, as an index into `schema.ZERO_CAUSES`, (stack, layer).

    g_l is the product of h_{l-1} and delta_l, and delta_l comes through the kernels above l. The first of these that holds:

    - fitted: the loss has slope 0 on every example, so there is nothing to propagate;
    - zero kernel: a kernel above l, or the kernel whose output h_{l-1} is, is all zero;
    - dead: every example meets, at layer l-1 or above, a layer whose units are all off;
    - saturation: every example meets, at layer l or above, a layer whose units all have slope 0;
    - underflow: none of these, so a product was too small.
    """
    zero = _per_layer([np.all(g == 0, axis=(1, 2)) for g in state.g])
    if not zero.any():
        return np.full(zero.shape, NONE, "int32")
    never = np.zeros_like(zero[:, :1])
    severed = _per_layer([np.all(w == 0, axis=1) for w in weights])
    above = np.logical_or.accumulate(severed[:, :0:-1], axis=1)[:, ::-1]  # of layers 1..L, whether a kernel above is zero
    dead = _at_or_above(np.stack([np.all(off, axis=1) for off in units_off(state, shape)], axis=1))
    flat = _at_or_above(np.stack([np.all(s == 0, axis=1) for s in state.slope], axis=1))
    reasons = {
        FITTED: np.broadcast_to(np.all(state.delta[-1] == 0, axis=(1, 2))[:, None], zero.shape),
        ZERO_KERNEL: np.concatenate([above, never], axis=1) | np.concatenate([never, severed[:, :-1]], axis=1),
        DEAD: np.concatenate([dead[:, :1], dead], axis=1),  # layer l is cut off by a dead layer l-1 too; layer 1 has none below
        SATURATION: np.concatenate([flat, never], axis=1),
    }
    cause = np.select([zero & reason for reason in reasons.values()], list(reasons), np.where(zero, UNDERFLOW, NONE))
    return cause.astype("int32")


def _at_or_above(condition: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(stack, layer, example) -> (stack, layer): whether every example meets the condition at the layer or above it."""
    above = np.logical_or.accumulate(condition[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(above.all(axis=2))


def kernels(net: Net, flat: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """The kernels of flat rows as float64, each (stack, out * in)."""
    layers = [flat[:, span].reshape(-1, out, into + 1) for span, (out, into) in zip(net.spans, net.kernel_shapes, strict=True)]
    return [layer[:, :, :-1].reshape(len(flat), -1).astype("float64") for layer in layers]


def weight_columns(weights: list[NDArray[np.float64]]) -> Columns:
    """Moments and L1 norm of each kernel, (stack, layer)."""
    return {
        "w_mean": _per_layer([w.mean(axis=1) for w in weights]),
        "w_sd": _per_layer([w.std(axis=1) for w in weights]),
        "w_l1": _per_layer([np.abs(w).sum(axis=1) for w in weights]),
    }


def quantile_columns(gradients: list[NDArray[np.float64]], weights: list[NDArray[np.float64]]) -> Columns:
    """Quantiles at `schema.QUANTILES` of the entries of each gradient and kernel, (stack, layer, quantile)."""

    def of(entries: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.quantile(entries.reshape(len(entries), -1), QUANTILES, axis=1).T

    return {"g_quantiles": _per_layer([of(g) for g in gradients]), "w_quantiles": _per_layer([of(w) for w in weights])}


def change_columns(
    now: list[NDArray[np.float64]], first: list[NDArray[np.float64]], before: list[NDArray[np.float64]]
) -> Columns:
    """How far each kernel is from the first and from the previous probe, (stack, layer)."""
    return {
        "w_l1_change": _per_layer([np.abs(w - v).sum(axis=1) for w, v in zip(now, first, strict=True)]),
        "update_rms": _per_layer([np.sqrt(np.mean((w - v) ** 2, axis=1)) for w, v in zip(now, before, strict=True)]),
    }


def _gradient_columns(gradients: list[NDArray[np.float64]]) -> Columns:
    flat = [g.reshape(len(g), -1) for g in gradients]
    size = [g.shape[1] for g in flat]
    rms = _per_layer([_rms(g) for g in gradients])
    return {
        "g_rms": rms,
        "g_mean": _per_layer([g.mean(axis=1) for g in flat]),
        "g_sd": _per_layer([g.std(axis=1) for g in flat]),
        "g_mean_abs": _per_layer([np.abs(g).mean(axis=1) for g in flat]),
        "g_l2": rms * np.sqrt(size),
        "g_max_abs": _per_layer([np.abs(g).max(axis=1) for g in flat]),
        "g_zero": _per_layer([np.mean(g == 0, axis=1) for g in flat]),
    }


def _rms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square over all axes but the first; scaled by the largest entry so that squares neither under- nor overflow."""
    flat = values.reshape(len(values), -1)
    largest = np.abs(flat).max(axis=1, keepdims=True)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    rms: NDArray[np.float64] = scale[:, 0] * np.sqrt(np.mean((flat / scale) ** 2, axis=1))
    return rms


def _per_layer(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.stack(columns, axis=1)


def _hidden(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """As `_per_layer`, with NaN for the output layer."""
    return _per_layer([*columns, np.full(len(columns[0]), np.nan)])
