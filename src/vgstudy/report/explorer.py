"""The explorer: a study's estimates for the page to draw, with the looks that the figures have."""

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from vgstudy.figures.frames import REFERENCE_DEPTH, Frames, chosen, nearest
from vgstudy.figures.style import COLOURS, DASHES, MARKERS, keyed
from vgstudy.quantities import QUANTITIES, names
from vgstudy.schema import FACTORS

# what each field of the form offers
CHOICES: Mapping[str, tuple[str, ...]] = {
    "ratio": names("decays", "geometric mean"),
    "level": names("probes", "geometric mean"),
    "mean": names("probes", "mean"),
    "curve": names("curves", "mean"),
}
SHOWN: Mapping[str, tuple[str, ...]] = {  # by the table that they are read from
    "estimates": (*CHOICES["ratio"], "p_alive"),
    "trajectories": CHOICES["curve"],
    "profiles": (*CHOICES["level"], *CHOICES["mean"]),
}
VALUE_DIGITS, WIDTH_DIGITS = 3, 2  # significant ones, of values and of widths of intervals
MARKER_PATHS: Mapping[str, str] = {  # outlines about the origin, by matplotlib's names
    "o": "M3 0A3 3 0 1 1 -3 0A3 3 0 1 1 3 0Z",
    "^": "M0-3.6L3.4 2.4H-3.4Z",
    "s": "M-2.8-2.8H2.8V2.8H-2.8Z",
    "D": "M0-3.8L3.8 0L0 3.8L-3.8 0Z",
    "v": "M0 3.6L3.4-2.4H-3.4Z",
    "P": "M-1.2-3.5H1.2V-1.2H3.5V1.2H1.2V3.5H-1.2V1.2H-3.5V-1.2H-1.2Z",
    "X": "M-3.6 0L2.4 3.4V-3.4Z",
    "*": "M3.6 0L-2.4 3.4V-3.4Z",
}


def explorer(frames: Frames) -> dict[str, Any]:
    """Return the explorer of a study.

    `levels` of each factor; the probed `epochs`; `looks`, for each factor but depth the look of
    each level: colour, dash, marker and weight; `choices`, for each field of the form the labels of
    the quantities that it offers; `first`, the indices of the levels selected when the page opens
    by factor, for depth one index; `data`, the estimates as JSON, compressed by gzip, in base64;
    see `explorer_data`.
    """
    data = explorer_data(frames)
    levels = data["levels"]
    looks = data["looks"] = level_looks(levels)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return {
        "levels": levels,
        "epochs": data["epochs"],
        "looks": looks,
        "choices": {
            field: {name: QUANTITIES[name].label for name in listed}
            for field, listed in CHOICES.items()
        },
        "first": first_choice(data["cells"], [int(depth) for depth in levels["depth"]]),
        "data": b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    }


def first_choice(cells: Mapping[str, list[int]], depths: list[int]) -> dict[str, Any]:
    """Return the indices of the levels selected when the page opens: every activation, one
    depth, and of that depth the widest cell of the first initializer and optimizer."""
    present = (depths[place] for place in cells["depth"])
    depth = depths.index(nearest([REFERENCE_DEPTH], present)[0])
    same_depth = (cell for cell in zip(*cells.values(), strict=True) if cell[0] == depth)
    by_factor = [dict(zip(cells, cell, strict=True)) for cell in same_depth]
    best = min(by_factor, key=lambda cell: (-cell["width"], cell["initializer"], cell["optimizer"]))
    return {
        "activation": sorted(set(cells["activation"])),
        "initializer": [best["initializer"]],
        "optimizer": [best["optimizer"]],
        "width": [best["width"]],
        "depth": depth,
    }


def explorer_data(frames: Frames) -> dict[str, Any]:
    """Return the study's estimates at its probe epochs as JSON values.

    `levels` by factor; `cells`, the place of each cell's level by factor; `seeds` of each cell;
    `epochs`; `quantities` by name: `symbol`, `axis`, `scale`, `layered` and `quantity_data`.
    """
    runs = frames.runs.drop_duplicates("cell").sort_values(list(FACTORS))
    cells, epochs = pd.Index(runs["cell"]), sorted(frames.study["log"]["probe_epochs"])
    layers = runs["depth"].astype(int).to_numpy() + 1
    quantities = {}
    for table, listed in SHOWN.items():
        frame: pd.DataFrame = getattr(frames, table)
        if table == "profiles":
            counts, layer = layers, frame["layer"].to_numpy(int) - 1
        else:
            counts, layer = np.ones_like(layers), np.zeros(len(frame), int)
        placed = frame.assign(place=entry_places(frame, layer, cells, pd.Index(epochs), counts))
        for name in listed:
            rows = chosen(placed[placed["place"] >= 0], quantity=name)
            geometric = QUANTITIES[name].method == "geometric mean"
            quantities[name] = {
                "symbol": QUANTITIES[name].symbol,
                "axis": QUANTITIES[name].axis.replace("\n", " "),
                "scale": QUANTITIES[name].scale,
                "layered": table == "profiles",
                **quantity_data(rows, counts * len(epochs), geometric),
            }
    return {
        "levels": {
            factor: [str(level) for level in runs[factor].cat.categories] for factor in FACTORS
        },
        "cells": {factor: runs[factor].cat.codes.tolist() for factor in FACTORS},
        "seeds": frames.runs.groupby("cell").size().reindex(cells).tolist(),
        "epochs": epochs,
        "quantities": quantities,
    }


def entry_places(
    frame: pd.DataFrame, layer: Any, cells: pd.Index, epochs: pd.Index, counts: Any
) -> Any:
    """Return where each row's entry is in a list over cell, epoch and layer, -1 where nowhere.

    `layer` counts from 0; `counts` holds the number of layers of each cell.
    """
    cell = cells.get_indexer(pd.Index(frame["cell"]))
    epoch = epochs.get_indexer(pd.Index(frame["epoch"]))
    starts = np.cumsum(counts * len(epochs)) - counts * len(epochs)
    place = starts[cell] + epoch * counts[cell] + layer
    return np.where((cell < 0) | (epoch < 0), -1, place)


def quantity_data(rows: pd.DataFrame, sizes: Any, geometric: bool) -> dict[str, Any]:
    """Return the rows of one quantity, one list for each cell, over epochs and layers.

    `value`; `up` and, where it differs, `down`, from the value to the ends of its interval: ratios
    as natural logs if `geometric`, else differences; `alive`, the number of seeds.
    """
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    with np.errstate(divide="ignore", invalid="ignore"):
        up, down = (
            (np.log(high / value), np.log(value / low))
            if geometric
            else (high - value, value - low)
        )
    columns = {
        "value": rounded(value, VALUE_DIGITS),
        "up": rounded(up, WIDTH_DIGITS),
        "down": rounded(down, WIDTH_DIGITS),
        "alive": rows["n_alive"].astype(int).tolist(),
    }
    if columns["down"] == columns["up"]:
        del columns["down"]
    places, ends = rows["place"].tolist(), np.cumsum(sizes)[:-1]
    data: dict[str, Any] = {"geometric": geometric}
    for name, numbers in columns.items():
        entries = np.full(int(np.sum(sizes)), None, dtype=object)
        entries[places] = numbers
        data[name] = [part.tolist() for part in np.split(entries, ends)]
    return data


def rounded(numbers: Any, digits: int) -> list[float | int | None]:
    """Return numbers with a given number of significant digits, None where one is not finite."""
    texts = (f"{number:.{digits}g}" if np.isfinite(number) else None for number in numbers)
    return [None if text is None else _shortest(float(text)) for text in texts]


def _shortest(number: float) -> float | int:
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def level_looks(levels: Mapping[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """Return what the levels look like, as the figures have them."""
    colours = keyed(levels["activation"], COLOURS).values()
    dashes = keyed(levels["initializer"], DASHES).values()
    markers = keyed(levels["optimizer"], MARKERS).values()
    last = max(1, len(levels["width"]) - 1)
    return {
        "activation": [{"colour": colour} for colour in colours],
        "initializer": [{"dash": dash_array(dash)} for dash in dashes],
        "optimizer": [{"marker": MARKER_PATHS[marker]} for marker in markers],
        "width": [
            {"weight": round(1.2 + 1.6 * place / last, 1)} for place in range(len(levels["width"]))
        ],
    }


def dash_array(pattern: Any) -> str:
    """Return a matplotlib dash pattern as an SVG dash array, for a line 2 wide."""
    return "none" if pattern == "-" else " ".join(f"{2 * length:g}" for length in pattern[1])
