"""Gradient level of each layer over epochs, as a figure and as text for a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vgstudy.formatting import number
from vgstudy.quantities import QUANTITIES

BARS = "▁▂▃▄▅▆▇█"
COLUMNS = 40  # of epochs that a line of text has room for


def levels_by_epoch(table: pa.Table) -> pd.DataFrame:
    """Return the root mean square of g, a row for each epoch and a column for each layer.

    Of several seeds it is the geometric mean; levels that are zero or not finite are NaN.
    """
    rows = table.select(["epoch", "layer", "g_rms"]).to_pandas()
    logs = np.log10(rows["g_rms"].where(rows["g_rms"] > 0).astype("float64"))
    means = rows.assign(log=logs.where(np.isfinite(logs))).groupby(["epoch", "layer"])["log"].mean()
    levels: pd.DataFrame = 10.0 ** means.unstack("layer")
    return levels


def plot_levels(table: pa.Table, names: Sequence[str]) -> Any:
    """Return a matplotlib figure with a line for each layer, dark at the input."""
    from matplotlib import pyplot

    levels = levels_by_epoch(table)
    colors = pyplot.get_cmap("viridis")(np.linspace(0, 0.9, len(levels.columns)))
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for place, (color, name) in enumerate(zip(colors, names, strict=True)):
        values = levels.iloc[:, place]
        axes.plot(levels.index, values, color=color, label=f"{place + 1} {name}", marker=".")
    axes.set(yscale="log", xlabel="epoch", ylabel=QUANTITIES["g_rms"].axis)
    axes.legend(title="layer", bbox_to_anchor=(1, 1), loc="upper left", fontsize="small")
    # a notebook shows the figure that is returned, and would show an open one again
    pyplot.close(figure)
    return figure


def level_lines(table: pa.Table, names: Sequence[str]) -> Iterator[str]:
    """Yield a line of text for each layer: level at the first epoch, bars, level at the last.

    Bars are on one logarithmic scale for all layers; a blank has no level.
    """
    levels = levels_by_epoch(table)
    epochs = levels.index[np.unique(np.linspace(0, len(levels) - 1, COLUMNS).astype(int))]
    logs = np.log10(levels.loc[epochs].to_numpy())
    low, high = np.nanmin(logs), np.nanmax(logs)
    heights = (logs - low) / max(high - low, 1e-9) * (len(BARS) - 1)
    width = max(len(name) for name in names)
    yield f"{QUANTITIES['g_rms'].label}, epochs {epochs[0]} to {epochs[-1]}, logarithmic"
    for place, name in enumerate(names):
        bars = "".join(
            " " if np.isnan(height) else BARS[round(height)] for height in heights[:, place]
        )
        first, last = (number(levels.to_numpy()[row, place]) for row in (0, -1))
        yield f"  {place + 1:>3} {name:<{width}} {first:>9} {bars} {last}"
