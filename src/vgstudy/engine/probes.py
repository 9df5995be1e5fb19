"""Measurements of a stack on fixed examples: gradients, signals, activations and weights per layer.

Backpropagation is written out, in float64 and again in float32: delta_l = (W_{l+1}^T delta_{l+1}) *
slope_l and g_l = mean over examples of delta_l h_{l-1}^T. Axes as in `network`; results are (stack,
layer).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.cells import KerasObject
from vgstudy.engine import statistics
from vgstudy.engine.groups import Group, by_activation
from vgstudy.engine.network import (
    Activation,
    Loss,
    Network,
    activation_function,
    affine,
    value_and_slope,
)
from vgstudy.engine.remedied import forward
from vgstudy.engine.statistics import Columns, hidden_only, per_layer, rms
from vgstudy.engine.zero_causes import (
    Pass,
    Traits,
    dead_share,
    saturated_share,
    units_off,
    zero_causes,
)
from vgstudy.planning.stacks import LANES, probe_runs

# Hidden units up to which tracing a graph takes longer than ten probes gain by it.
EAGER_UNITS = 8


def measure_stack(
    groups: Sequence[Group],
    network: Network,
    loss: Loss,
    x: tf.Tensor,
    y: tf.Tensor,
    flat: NDArray[np.float32],
    quantiles: bool = False,
) -> Columns:
    """Return the columns of `measure` for a whole stack.

    Parameters
    ----------
    groups
        The groups of the stack.
    network, loss
        What is computed.
    x, y
        float32 inputs (stack, input, example) and targets (stack, output, example); a stack axis
        of 1 if all runs have the same.
    flat
        float32 parameters (stack, parameter).
    quantiles
        Whether to add quantiles of gradient and kernel entries.
    """
    most = probe_runs(network.depth, network.width, x.shape[2])
    parts: list[Columns] = []
    for spec, rows in _parts(groups, most):
        one = replace(network, activation=activation_function(spec))
        # Filled with copies so that every elementwise operation has a multiple of LANES entries.
        multiple = min(LANES, most)
        filled = np.resize(rows, -(-len(rows) // multiple) * multiple)
        examples = (x, y) if x.shape[0] == 1 else (tf.gather(x, filled), tf.gather(y, filled))
        columns = measure(one, loss, *examples, flat[filled], quantiles)
        parts.append({name: values[: len(rows)] for name, values in columns.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _parts(groups: Sequence[Group], most: int) -> Iterator[tuple[KerasObject, NDArray[np.intp]]]:
    """Yield rows of one activation to probe together, at most `most`, in order."""
    for spec, span in by_activation(groups):
        for begin in range(span.start, span.stop, most):
            yield spec, np.arange(begin, min(begin + most, span.stop))


def measure(
    network: Network,
    loss: Loss,
    x: tf.Tensor,
    y: tf.Tensor,
    flat: NDArray[np.float32],
    quantiles: bool = False,
) -> Columns:
    """Return every probe column that needs one state only, (stack, layer), and the mean loss and
    the accuracy in float32, (stack,); parameters as for `measure_stack`."""
    compute = (
        partial(backpropagate, network, loss)
        if network.width <= EAGER_UNITS
        else _compiled(network, loss)
    )
    double = arrays(compute(*(tf.cast(each, tf.float64) for each in (flat, x, y))))
    single_tensors = compute(tf.constant(flat), x, y)
    single = arrays(single_tensors)
    z = single_tensors.z
    by_example = {"loss": loss.value(z, y), "accuracy": tf.cast(loss.correct(z, y), x.dtype)}
    weights, traits = kernels(network, flat), _traits(network.activation)
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            **statistics.gradient_columns(double.g),
            "g_zero_float32": per_layer([np.mean(g == 0, axis=(1, 2)) for g in single.g]),
            "zero_cause": zero_causes(double, weights, traits),
            "zero_cause_float32": zero_causes(single, weights, traits),
            "delta_rms": per_layer([rms(delta) for delta in double.delta]),
            **_activation_columns(double, traits),
            **statistics.weight_columns(weights),
            **(statistics.quantile_columns(double.g, weights) if quantiles else {}),
            **{name: mean_over_examples(values) for name, values in by_example.items()},
        }


def _activation_columns(state: Pass[NDArray[Any]], traits: Traits) -> Columns:
    """Return the columns of the hidden layers' units; shares are NaN where h is not finite."""
    level = hidden_only([rms(h) for h in state.h])
    shares = {
        "h_saturated": hidden_only([saturated_share(slope, traits) for slope in state.slope]),
        "h_dead": hidden_only([dead_share(off) for off in units_off(state, traits)]),
    }
    finite = np.isfinite(level)
    return {
        "h_rms": level,
        **{name: np.where(finite, share, np.nan) for name, share in shares.items()},
    }


def mean_over_examples(values: tf.Tensor) -> NDArray[np.float32]:
    """Return means over the examples of (stack, example), summed in float64, as float32
    (stack,)."""
    return values.numpy().mean(axis=1, dtype="float64").astype("float32")  # type: ignore[no-any-return]


def backpropagate(
    network: Network, loss: Loss, flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor
) -> Pass[tf.Tensor]:
    """Run one forward and backward pass in the dtype of `flat`.

    Parameters
    ----------
    network, loss
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
    if not network.remedy.is_plain:
        return _backpropagate_remedied(network, loss, flat, x, y)
    *hidden, last = network.layers(flat)
    h, slopes = [x], []
    for layer in hidden:
        out, slope = value_and_slope(network.activation, affine(layer, h[-1]))
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


def _backpropagate_remedied(
    network: Network, loss: Loss, flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor
) -> Pass[tf.Tensor]:
    """Run the pass of networks with normalisation or skip connections, by automatic
    differentiation.

    Batch normalisation takes the examples' own statistics. The signal of an example is the
    derivative of the summed loss of all examples, since they share those.
    """
    network = replace(network, remedy=network.remedy.forward_only)
    share = tf.fill((x.shape[-1],), tf.constant(1 / x.shape[-1], x.dtype))
    with tf.GradientTape() as tape:
        tape.watch(flat)
        seen = forward(network, flat, x, share)
    slope = loss.slope(seen.logits, y)
    *hidden_deltas, gradient = tape.gradient(
        seen.logits, [*seen.z, flat], output_gradients=slope * share
    )
    deltas = [*(delta / share for delta in hidden_deltas), slope]
    g = [layer[:, :, :-1] for layer in network.layers(gradient)]
    slopes = [value_and_slope(network.activation, each)[1] for each in seen.normalized]
    return Pass(seen.h, slopes, deltas, g, seen.logits)


@lru_cache(maxsize=8)
def _compiled(
    network: Network, loss: Loss
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Pass[tf.Tensor]]:
    """Return `backpropagate` as a graph, a quarter faster."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def graph(
        flat: tf.Tensor, x: tf.Tensor, y: tf.Tensor
    ) -> tuple[list[tf.Tensor] | tf.Tensor, ...]:
        state = backpropagate(network, loss, flat, x, y)
        return state.h, state.slope, state.delta, state.g, state.z

    return lambda *tensors: Pass(*graph(*tensors))


def arrays(state: Pass[tf.Tensor]) -> Pass[NDArray[Any]]:
    """Return a pass without z as read-only NumPy views, which saves copying every tensor."""
    h, slope, delta, g = (
        [np.asarray(memoryview(tensor)) for tensor in tensors]
        for tensors in (state.h, state.slope, state.delta, state.g)
    )
    return Pass(h, slope, delta, g)


def kernels(network: Network, flat: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Return the kernels of flat rows as float64, each (stack, out * in)."""
    layers = [
        flat[:, span].reshape(-1, out, into + 1)
        for span, (out, into) in zip(network.spans, network.kernel_shapes, strict=True)
    ]
    return [layer[:, :, :-1].reshape(len(flat), -1).astype("float64") for layer in layers]


def traits_of(activation: Activation) -> Traits:
    """Return what probes need to know of an elementwise activation, computed in float64."""
    z = np.linspace(-20.0, 20.0, 8001)
    h, slope = (each.numpy() for each in value_and_slope(activation, tf.constant(z)))
    # [-5, 5]
    near = slice(3000, 5001)
    off = (h == 0) & (slope == 0)
    return Traits(float(np.abs(slope[near]).max()), int(off.sum()) > 1)


_traits = cache(traits_of)
