"""What a terminal or a notebook shows: a diagnosis, and gradient levels over epochs."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from vgstudy.formatting import interval, listing, number, percent, plural
from vgstudy.probe.diagnosis import DECAYS, RMS_OF_SIGNALS, SHARES
from vgstudy.quantities import QUANTITIES, SIGNALS

BARS = "▁▂▃▄▅▆▇█"
COLUMNS = 40  # of epochs that a line of text has room for
NAME_WIDTH = 18  # of a layer's name at least, on a narrow terminal

Diagnosis = Mapping[str, Any]


def render(diagnosis: Diagnosis) -> Group:
    """Return the verdict and its reasons, then a row for each layer."""
    reasons = Table.grid(padding=(0, 2), pad_edge=True)
    reasons.add_column(no_wrap=True)
    reasons.add_column(overflow="fold")
    for label, text in lines(diagnosis):
        reasons.add_row(label, Text(text))
    return Group(Text(_verdict(diagnosis)), reasons, layer_table(diagnosis))


def lines(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    """Yield the reasons of a verdict in words: what each is about, and its text."""
    yield "rule", diagnosis["rule"]
    if diagnosis["reason"]:
        yield "why", diagnosis["reason"]
    for note in diagnosis["notes"]:
        yield "note", note
    yield "measured", _measured(diagnosis)
    yield "compared", _compared(diagnosis["compared"])
    yield "evidence", diagnosis["evidence"]
    for remedy in diagnosis["advice"]:
        yield "try", remedy
    yield "epochs", "; ".join(_by_epoch(diagnosis["by_epoch"]))
    for name in DECAYS:
        decay = diagnosis["decays"][name]
        if decay["value"] is not None:
            value = interval(decay["value"], decay["low"], decay["high"])
            seeds = f" ({decay['n_alive']} of {decay['n']} seeds)" if decay["n"] > 1 else ""
            yield "decay", f"{QUANTITIES[name].label}: {value}{seeds}"


def _by_epoch(verdicts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield the verdicts in words, epochs in a row that agree together."""
    for text, group in groupby(verdicts, key=lambda epoch: _counts(verdicts[epoch])):
        first, *others = group
        yield f"{text} from epoch {first} to {others[-1]}" if others else f"{text} at epoch {first}"


def layer_table(diagnosis: Diagnosis) -> Table:
    """Return levels and shares of each layer, and why gradients are zero if any are."""
    layers = diagnosis["layers"]
    causes = [_causes(layer) for layer in layers]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("")
    longest = max(len(layer["name"]) for layer in layers)
    table.add_column("layer", overflow="fold", min_width=min(NAME_WIDTH, longest))
    for name in (*RMS_OF_SIGNALS, *SHARES):
        table.add_column(QUANTITIES[name].symbol, justify="right", no_wrap=True)
    if any(causes):
        table.add_column("zero because")
    for layer, cause in zip(layers, causes, strict=True):
        levels = [number(layer[name]) for name in RMS_OF_SIGNALS]
        shares = [_share(layer[name]) for name in SHARES]
        last = [cause] if any(causes) else []
        table.add_row(str(layer["layer"]), Text(layer["name"]), *levels, *shares, *last)
    return table


def _causes(layer: Mapping[str, Any]) -> str:
    return ", ".join(sorted({layer["zero_cause"], layer["zero_cause_float32"]} - {"none"}))


def _verdict(diagnosis: Diagnosis) -> str:
    verdict, seeds = diagnosis["verdict"], plural(len(diagnosis["seeds"]), "seed")
    count = diagnosis["verdicts"].get(verdict, 0)
    return f"{diagnosis['model']}: {verdict} ({count} of {seeds}, epoch {diagnosis['epoch']})"


def _largest(diagnosis: Diagnosis, feature: str, column: str) -> str:
    """Return the largest share of units of any layer, if it is known of any."""
    value = diagnosis["numbers"][feature]
    known = value or any(layer[column] is not None for layer in diagnosis["layers"])
    return _share(value) if known else "not measured"


def _measured(diagnosis: Diagnosis) -> str:
    off = _largest(diagnosis, "dead", "h_dead")
    flat = _largest(diagnosis, "saturated", "h_saturated")
    return f"ratio {number(diagnosis['numbers']['ratio'])}, off {off}, flat {flat}"


def _compared(compared: Mapping[str, Any]) -> str:
    if compared["quantity"] is None:
        return "nothing: no layer has a gradient"
    if compared["lowest"] == compared["highest"]:
        return f"nothing: no layer comes before or after {compared['lowest']}"
    symbol = SIGNALS[compared["quantity"]]
    text = f"{symbol} at {compared['lowest']} with {symbol} at {compared['highest']}"
    if compared["left_out"]:
        text += f"; left out: {listing(compared['left_out'])}"
    return text


def _share(value: float | None) -> str:
    return number(None) if value is None else percent(value)


def _counts(verdicts: Mapping[str, int]) -> str:
    if len(verdicts) == 1:
        return ", ".join(verdicts)
    return ", ".join(f"{count} {name}" for name, count in verdicts.items())


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
    figure, axes = pyplot.subplots(figsize=(9, max(4.5, 0.2 * len(names))), layout="constrained")
    for place, (color, name) in enumerate(zip(colors, names, strict=True)):
        values = levels.iloc[:, place]
        axes.plot(levels.index, values, color=color, label=f"{place + 1} {name}", marker=".")
    ends = levels.index[0] - 0.2, levels.index[-1] + 0.2
    axes.set(yscale="log", xlabel="epoch", ylabel=QUANTITIES["g_rms"].axis, xlim=ends)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if levels.isna().to_numpy().any():
        axes.set_title("no point where g is 0, NaN or infinite", loc="left", fontsize="small")
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
    known = logs[~np.isnan(logs)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    heights = (logs - low) / max(high - low, 1e-9) * (len(BARS) - 1)
    width = max(len(name) for name in names)
    yield f"{QUANTITIES['g_rms'].label}, epochs {epochs[0]} to {epochs[-1]}, logarithmic"
    for place, name in enumerate(names):
        bars = "".join(
            " " if np.isnan(height) else BARS[round(height)] for height in heights[:, place]
        )
        first, last = (number(levels.to_numpy()[row, place]) for row in (0, -1))
        yield f"  {place + 1:>3} {name:<{width}} {first:>12} {bars} {last}"
