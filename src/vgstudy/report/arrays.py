"""Estimates as dense arrays of whole numbers, small enough that those of hundreds of cells fit into
a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.figures.frames import Frames, chosen
from vgstudy.schema import FACTORS

Integers = NDArray[np.int32]
Floats = NDArray[np.float64]
STEPS = {
    "value": 0.002,
    "width": 0.02,
}  # of the logs: a value is off by a thousandth at most, an interval's half-width by 1 %
PARTS = (
    "value",
    "above",
    "below",
)  # the estimate, from it to the interval's upper end, from the lower end to it
QUANTITIES: Mapping[str, tuple[str, ...]] = {
    "estimates": ("d_g", "d_delta", "d_h", "p_alive"),
    "trajectories": ("test_accuracy", "train_accuracy", "test_loss", "train_loss"),
    "profiles": ("g_rms", "delta_rms", "h_rms", "w_l1_change", "w_l1"),
}
GEOMETRIC = (
    "d_g",
    "d_delta",
    "d_h",
    "g_rms",
    "delta_rms",
    "h_rms",
)  # their intervals are symmetric on the log scale
MISSING, ZERO, POSITIVE = range(3)


@dataclass(frozen=True)
class Packed:
    """Arrays of a study.

    Attributes
    ----------
    index
        What the bytes hold, as JSON values: `levels` by factor; `cells`, the place of each cell's
        level by factor; `seeds` of each cell; `epochs`; `layers`, their largest number; `steps`,
        see STEPS; `quantities` in the order of the bytes, each with whether it has a layer axis and
        whether its interval is of ratios.
    content
        Axes of every array: (cell, epoch) or (cell, epoch, layer). First a byte for each number in
        PARTS of every quantity: MISSING, ZERO or POSITIVE. Then for every quantity four arrays: log
        of the value, log of the part above, by how much the log of the part below exceeds it, all
        in their STEPS, and n_alive; differences along layers, then epochs; signs last;
        little-endian int32, the first bytes of all numbers first, then the second and so on.
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
    coded = {name: coded_parts(array, name in GEOMETRIC) for name, array in found.items()}
    index = {
        "levels": {
            factor: [str(level) for level in runs[factor].cat.categories] for factor in FACTORS
        },
        "cells": {factor: runs[factor].cat.codes.tolist() for factor in FACTORS},
        "seeds": frames.runs.groupby("cell").size().reindex(cells).tolist(),
        "epochs": epochs,
        "layers": layers,
        "steps": STEPS,
        "quantities": [[name, array.ndim == 4, name in GEOMETRIC] for name, array in found.items()],
    }
    states = b"".join(states.tobytes() for states, _ in coded.values())
    return Packed(
        index,
        states
        + shuffled(np.concatenate([differences(codes).ravel() for _, codes in coded.values()])),
    )


def arrays(
    frames: Frames, cells: pd.Index, epochs: list[int], layers: int
) -> Iterator[tuple[str, Floats]]:
    """Every quantity with its value, low, high and n_alive; axes (one of these, cell, epoch) or
    with layer as the last."""
    for table, quantities in QUANTITIES.items():
        frame: pd.DataFrame = getattr(frames, table)
        axes: dict[str, pd.Index] = {"cell": cells, "epoch": pd.Index(epochs)}
        if table == "profiles":
            axes["layer"] = pd.RangeIndex(1, layers + 1)
        for quantity in quantities:
            yield quantity, dense(chosen(frame, quantity=quantity), axes)


def dense(rows: pd.DataFrame, axes: Mapping[str, pd.Index]) -> Floats:
    """Value, low, high and n_alive of the rows, NaN where there is no row; axes (one of these,
    *axes)."""
    place = tuple(index.get_indexer(pd.Index(rows[name])) for name, index in axes.items())
    kept = np.all([index >= 0 for index in place], axis=0)
    array = np.full((4, *map(len, axes.values())), np.nan)
    for part, name in enumerate(("value", "low", "high", "n_alive")):
        array[part][tuple(index[kept] for index in place)] = rows[name].to_numpy(dtype=np.float64)[
            kept
        ]
    return array


def coded_parts(array: Floats, geometric: bool) -> tuple[NDArray[np.uint8], Integers]:
    """Of value, low, high and n_alive the states of PARTS, and the four arrays of whole numbers;
    axes (part, cell, epoch ...)."""
    value, low, high, alive = array
    with np.errstate(divide="ignore", invalid="ignore"):
        above, below = (
            (np.log(high / value), np.log(value / low))
            if geometric
            else (high - value, value - low)
        )
    (known, centre), (upper, up), (lower, down) = (
        coded(part, STEPS["value" if part is value else "width"]) for part in (value, above, below)
    )
    skew = np.where(
        (upper == POSITIVE) & (lower == POSITIVE), down - up, np.where(lower == POSITIVE, down, 0)
    )
    return np.stack([known, upper, lower]), np.stack(
        [centre, up, skew, np.nan_to_num(alive).astype(np.int32)]
    )


def coded(numbers: Floats, step: float) -> tuple[NDArray[np.uint8], Integers]:
    """Whether numbers are missing, zero or positive, and their logs in steps; where there is none,
    the one before it."""
    known = np.isfinite(numbers) & (numbers >= 0)
    positive = known & (numbers > 0)
    logs = np.log(numbers, where=positive, out=np.zeros_like(numbers))
    steps = np.round(logs / step).astype(np.int32)
    last = np.maximum.accumulate(np.where(positive, np.arange(numbers.shape[-1]), 0), axis=-1)
    states = np.where(positive, POSITIVE, np.where(known, ZERO, MISSING)).astype(np.uint8)
    return states, np.take_along_axis(steps, last, axis=-1)


def differences(codes: Integers) -> Integers:
    """By how much each number exceeds what its neighbours predict; axes (part, cell, epoch) or
    (part, cell, epoch, layer)."""
    for axis in range(codes.ndim - 1, 1, -1):
        codes = np.diff(codes, axis=axis, prepend=np.int32(0))
    return codes


def shuffled(numbers: Integers) -> bytes:
    """Small numbers of both signs as small ones, then the first bytes of all, the second and so on:
    like bytes compress well."""
    folded = (numbers << 1) ^ (numbers >> 31)
    return folded.astype("<i4").view(np.uint8).reshape(-1, 4).T.tobytes()
