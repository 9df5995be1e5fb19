"""Estimates as dense arrays, rounded and packed so that those of hundreds of cells fit into a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.schema import FACTORS
from vgstudy.views.frames import Frames, chosen

Array = NDArray[np.float32]
PARTS: Mapping[str, int] = {"value": 9, "low": 7, "high": 7, "n_alive": 10}  # bits kept: 9 are off by a thousandth, 7 by 0.4 %
QUANTITIES: Mapping[str, tuple[str, ...]] = {
    "estimates": ("d_g", "d_delta", "d_h", "p_alive"),
    "trajectories": ("test_accuracy", "train_accuracy", "test_loss", "train_loss"),
    "profiles": ("g_rms", "delta_rms", "h_rms", "w_l1_change", "w_l1"),
}


@dataclass(frozen=True)
class Packed:
    """Arrays of a study.

    Attributes
    ----------
    index
        What the bytes hold, as JSON values: `levels` by factor; `cells`, the place of each cell's level by factor; `seeds` of
        each cell; `epochs`; `layers`, their largest number; `quantities` in the order of the bytes, each with whether it has a
        layer axis.
    content
        For every quantity value, low, high and n_alive; axes (cell, epoch) or (cell, epoch, layer); little-endian float32,
        the first bytes of all numbers first, then the second and so on. What does not exist is NaN.
    """

    index: Mapping[str, Any]
    content: bytes


def packed(frames: Frames) -> Packed:
    """The study's estimates at its probe epochs."""
    runs = frames.runs.drop_duplicates("cell").sort_values(list(FACTORS))
    cells = pd.Index(runs["cell"])
    epochs = sorted(frames.study["log"]["probe_epochs"])
    layers = int(runs["depth"].astype(int).max()) + 1
    found = dict(arrays(frames, cells, epochs, layers))
    index = {
        "levels": {factor: [str(level) for level in runs[factor].cat.categories] for factor in FACTORS},
        "cells": {factor: runs[factor].cat.codes.tolist() for factor in FACTORS},
        "seeds": frames.runs.groupby("cell").size().reindex(cells).tolist(),
        "epochs": epochs,
        "layers": layers,
        "quantities": [[name, array.ndim == 4] for name, array in found.items()],
    }
    return Packed(index, shuffled(np.concatenate([array.ravel() for array in found.values()])))


def arrays(frames: Frames, cells: pd.Index, epochs: list[int], layers: int) -> Iterator[tuple[str, Array]]:
    """Every quantity with its array; axes (part, cell, epoch) or (part, cell, epoch, layer)."""
    for table, quantities in QUANTITIES.items():
        frame: pd.DataFrame = getattr(frames, table)
        axes: dict[str, pd.Index] = {"cell": cells, "epoch": pd.Index(epochs)}
        if table == "profiles":
            axes["layer"] = pd.RangeIndex(1, layers + 1)
        for quantity in quantities:
            yield quantity, dense(chosen(frame, quantity=quantity), axes)


def dense(rows: pd.DataFrame, axes: Mapping[str, pd.Index]) -> Array:
    """The PARTS of the rows, NaN where there is no row; axes (part, *axes)."""
    place = tuple(index.get_indexer(pd.Index(rows[name])) for name, index in axes.items())
    kept = np.all([index >= 0 for index in place], axis=0)
    array = np.full((len(PARTS), *map(len, axes.values())), np.nan, dtype=np.float32)
    for part, (name, bits) in enumerate(PARTS.items()):
        array[part][tuple(index[kept] for index in place)] = short(rows[name].to_numpy(dtype=np.float64)[kept], bits)
    return array


def short(values: NDArray[np.float64], bits: int) -> Array:
    """Numbers to the nearest with so many bits after the leading one; beyond float32 they are infinite or zero."""
    with np.errstate(over="ignore", under="ignore"):
        fraction, exponent = np.frexp(values)
        nearest: Array = np.ldexp(np.round(np.ldexp(fraction, bits + 1)), exponent - bits - 1).astype(np.float32)
    return nearest


def shuffled(numbers: Array) -> bytes:
    """The first bytes of all numbers, then the second and so on: like bytes together compress to a third less."""
    return numbers.astype("<f4").view(np.uint8).reshape(-1, 4).T.tobytes()
