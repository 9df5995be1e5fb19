"""Measurements of a stack on its fixed probe set: gradients, backpropagated signals, activations,
weights, per layer.

Backpropagation is written out here, in float64 and again in float32: delta_l = (W_{l+1}^T
delta_{l+1}) * slope_l and g_l = mean over examples of delta_l h_{l-1}^T. Axes as in `models`;
results are (stack, layer).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.losses import Loss
from vgstudy.engine.models import Activation, Net, affine, value_and_slope
from vgstudy.engine.statistics import (
    Columns,
    Pass,
    Traits,
    dead,
    gradient_columns,
    hidden,
    of_runs,
    per_layer,
    quantile_columns,
    rms,
    saturated,
    units_off,
    weight_columns,
    zero_causes,
)

EAGER_UNITS = (
    8  # of a hidden layer, up to which tracing a graph takes longer than ten probes gain by it
)


def backpropagate(
    net: Net, loss: Loss, flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor
) -> Pass[tf.Tensor]:
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
    Activations h, slopes dh/dz and per-example signals delta = dLoss/dz, each (stack, unit,
    example), the gradient g of the mean loss by each kernel (stack, out, in), and the output
    layer's pre-activations z (stack, output, example).
    """
    *hidden, last = net.layers(flat)
    h, slopes = [x], []
    for layer in hidden:
        out, slope = value_and_slope(net.activation, affine(layer, h[-1]))
        h.append(out)
        slopes.append(slope)
    z = affine(last, h[-1])
    deltas = [loss.slope(z, y)]
    above = [layer[:, :, :-1] for layer in (*hidden[1:], last)]
    for kernel, slope in zip(reversed(above), reversed(slopes), strict=True):
        deltas.insert(0, tf.matmul(kernel, deltas[0], transpose_a=True) * slope)
    share = tf.constant(1 / x.shape[-1], x.dtype)
    g = [tf.matmul(d, below, transpose_b=True) * share for d, below in zip(deltas, h, strict=True)]
    return Pass(h[1:], slopes, deltas, g, z)


def traits_of(activation: Activation) -> Traits:
    """What probes need to know of an elementwise activation, computed in float64."""
    h, slope = (
        each.numpy()
        for each in value_and_slope(activation, tf.constant(np.linspace(-20.0, 20.0, 8001)))
    )
    near = slice(3000, 5001)  # [-5, 5]
    return Traits(float(np.abs(slope[near]).max()), int(((h == 0) & (slope == 0)).sum()) > 1)


def measure(
    net: Net,
    loss: Loss,
    x: tf.Tensor,
    y: tf.Tensor,
    traits: Sequence[tuple[slice, Traits]],
    flat: NDArray[np.float32],
    quantiles: bool = False,
) -> Columns:
    """Every probe column that needs one state only, (stack, layer), and the mean loss and the
    accuracy in float32, (stack,).

    Parameters
    ----------
    net, loss
        What is computed.
    x, y
        float32 probe inputs (stack, input, example) and targets (stack, output, example).
    traits
        Which rows share an activation, and `traits_of` it.
    flat
        float32 parameters (stack, parameter).
    quantiles
        Whether quantiles of gradient and kernel entries are wanted too, (stack, layer, quantile).
    """
    passed = partial(backpropagate, net, loss) if net.width <= EAGER_UNITS else _compiled(net, loss)
    double = arrays(passed(*(tf.cast(a, tf.float64) for a in (flat, x, y))))
    single = arrays(state := passed(tf.constant(flat), x, y))
    by_example = loss.value(state.z, y), tf.cast(loss.correct(state.z, y), x.dtype)
    loss_now, accuracy = (
        each.numpy().mean(axis=1, dtype="float64").astype("float32") for each in by_example
    )
    weights = kernels(net, flat)

    def by_activation(
        statistic: Callable[..., NDArray[Any]], state: Pass[NDArray[Any]]
    ) -> NDArray[Any]:
        own = (
            statistic(of_runs(state, rows), [w[rows] for w in weights], trait)
            for rows, trait in traits
        )
        return np.concatenate(list(own))

    with np.errstate(over="ignore", invalid="ignore"):
        level = hidden([rms(h) for h in double.h])
        shares = {
            "h_saturated": by_activation(
                lambda own, _, trait: hidden([saturated(s, trait) for s in own.slope]), double
            ),
            "h_dead": by_activation(
                lambda own, _, trait: hidden([dead(off) for off in units_off(own, trait)]), double
            ),
        }
        return {
            **gradient_columns(double.g),
            "g_zero_float32": per_layer([np.mean(g == 0, axis=(1, 2)) for g in single.g]),
            "zero_cause": by_activation(zero_causes, double),
            "zero_cause_float32": by_activation(zero_causes, single),
            "delta_rms": per_layer([rms(d) for d in double.delta]),
            "h_rms": level,
            **{name: np.where(np.isfinite(level), share, np.nan) for name, share in shares.items()},
            **weight_columns(weights),
            **(quantile_columns(double.g, weights) if quantiles else {}),
            "loss": loss_now,
            "accuracy": accuracy,
        }


@lru_cache(maxsize=8)
def _compiled(net: Net, loss: Loss) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Pass[tf.Tensor]]:
    """`backpropagate` as a graph, a quarter faster; ten probes of a narrow net take less time than
    tracing it."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def passed(
        flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor
    ) -> tuple[list[tf.Tensor] | tf.Tensor, ...]:
        state = backpropagate(net, loss, flat, x, y)
        return state.h, state.slope, state.delta, state.g, state.z

    return lambda *given: Pass(*passed(*given))


def arrays(state: Pass[tf.Tensor]) -> Pass[NDArray[Any]]:
    """The same pass as read-only NumPy views, which saves copying every tensor."""
    h, slope, delta, g = (
        [np.asarray(memoryview(t)) for t in tensors]
        for tensors in (state.h, state.slope, state.delta, state.g)
    )
    return Pass(h, slope, delta, g)


def kernels(net: Net, flat: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """The kernels of flat rows as float64, each (stack, out * in)."""
    layers = [
        flat[:, span].reshape(-1, out, into + 1)
        for span, (out, into) in zip(net.spans, net.kernel_shapes, strict=True)
    ]
    return [layer[:, :, :-1].reshape(len(flat), -1).astype("float64") for layer in layers]
