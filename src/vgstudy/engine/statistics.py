"""Statistics of gradients and kernels, in NumPy.

Arrays of a layer have the axes (stack, ...), columns (stack, layer).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.schema import QUANTILES

Columns = dict[str, NDArray[Any]]


def gradient_columns(gradients: list[NDArray[np.float64]]) -> Columns:
    """Return moments, norms and the share of zeros of each kernel's gradient (stack, ...)."""
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


def weight_columns(weights: list[NDArray[np.float64]]) -> Columns:
    """Return moments and the L1 norm of each kernel (stack, entry)."""
    return {
        "w_mean": per_layer([w.mean(axis=1) for w in weights]),
        "w_sd": per_layer([w.std(axis=1) for w in weights]),
        "w_l1": per_layer([np.abs(w).sum(axis=1) for w in weights]),
    }


def change_columns(
    now: list[NDArray[np.float64]],
    first: list[NDArray[np.float64]],
    previous: list[NDArray[np.float64]],
) -> Columns:
    """Return how far each kernel is from the first and from the previous probe."""
    changes = [w - v for w, v in zip(now, first, strict=True)]
    updates = [w - v for w, v in zip(now, previous, strict=True)]
    return {
        "w_l1_change": per_layer([np.abs(change).sum(axis=1) for change in changes]),
        "update_rms": per_layer([np.sqrt(np.mean(update**2, axis=1)) for update in updates]),
    }


def quantile_columns(
    gradients: list[NDArray[np.float64]], weights: list[NDArray[np.float64]]
) -> Columns:
    """Return quantiles at `schema.QUANTILES` of the entries of each gradient and kernel, (stack,
    layer, quantile)."""

    def quantiles(entries: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.quantile(entries.reshape(len(entries), -1), QUANTILES, axis=1).T

    return {
        "g_quantiles": per_layer([quantiles(g) for g in gradients]),
        "w_quantiles": per_layer([quantiles(w) for w in weights]),
    }


def rms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the root mean square over all axes but the first; entries are scaled where their
    squares would under- or overflow."""
    flat = values.reshape(len(values), -1)
    # A single row is added up in another order than one of several.
    rows = flat if len(flat) > 1 else np.repeat(flat, 2, axis=0)
    squares = np.einsum("sk,sk->s", rows, rows)[: len(flat)]
    value: NDArray[np.float64] = np.sqrt(squares / flat.shape[1])
    # Zeros and NaN are unsafe too.
    unsafe = ~((value > 1e-140) & (value < 1e140))
    if unsafe.any():
        value[unsafe] = _scaled_rms(flat[unsafe])
    return value


def _scaled_rms(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(flat).max(axis=1, keepdims=True)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return np.asarray(scale[:, 0] * np.sqrt(np.mean((flat / scale) ** 2, axis=1)))


def per_layer(columns: list[NDArray[Any]]) -> NDArray[Any]:
    """Stack a list over layers of (stack,) as (stack, layer)."""
    return np.stack(columns, axis=1)


def hidden_only(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Stack as `per_layer` does, with NaN for the output layer."""
    return per_layer([*columns, np.full(len(columns[0]), np.nan)])
