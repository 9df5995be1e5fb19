"""The measures of cells, read job by job: no more than one job's rows are held at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.claims.measures import Measure, logged_epochs
from vgstudy.claims.vocabulary import DERIVED, LAYERS, SUMMARIES, TABLE_OF, Array, Epochs
from vgstudy.design import Design
from vgstudy.schema import TABLES
from vgstudy.store.columns import position, spread
from vgstudy.store.tables import read_rows

KEYS = ("cell", "seed", "epoch", "examples", "layer")
# for a cell and a measure: a row per seed of the design, NaN where there is no value; a column, or
# one per layer
Values = dict[tuple[str, Measure], pd.DataFrame]


def read_values(design: Design, reads: Iterable[tuple[str, Measure]]) -> Values:
    """Return measures of cells.

    Raises
    ------
    UserError
        If a table is missing, truncated, of another version or of another design.
    """
    by_cell: dict[str, set[Measure]] = defaultdict(set)
    for cell, measure in reads:
        by_cell[cell].add(measure)
    parts: dict[tuple[str, Measure], list[pd.DataFrame]] = defaultdict(list)
    runs = design.runs[design.runs["cell"].isin(list(by_cell))]
    for job, job_runs in runs.groupby("job"):
        cells = {cell: by_cell[cell] for cell in job_runs["cell"].unique()}
        tables = _read_tables(design, str(job), cells)
        for cell, measures in cells.items():
            seeds = np.sort(job_runs.loc[job_runs["cell"] == cell, "seed"].to_numpy())
            of_cell = {name: _kept(table, "cell", [cell]) for name, table in tables.items()}
            for measure in measures:
                values = _of_runs(measure, seeds, design, of_cell)
                parts[cell, measure].append(pd.DataFrame(values, seeds))
    return {key: pd.concat(frames).sort_index() for key, frames in parts.items()}


def _read_tables(
    design: Design, job: str, cells: Mapping[str, Collection[Measure]]
) -> dict[str, pa.Table]:
    """Return the columns of each table that the measures of a job's cells need."""
    columns: dict[str, set[str]] = defaultdict(set)
    for part in {part for listed in cells.values() for measure in listed for part in measure.parts}:
        columns[TABLE_OF[part.column]].update(part.columns)
    tables = {}
    for table, names in columns.items():
        keys = [key for key in KEYS if key in TABLES[table].columns]
        of_cells = [("cell", "in", list(cells))]
        tables[table] = read_rows(design.folder, table, [*keys, *sorted(names)], of_cells, job)
    return tables


def _of_runs(
    measure: Measure, seeds: Epochs, design: Design, tables: Mapping[str, pa.Table]
) -> Array:
    """Return a measure of the runs of a cell from its tables, axes (seed, value)."""
    series = {}
    for part in measure.parts:
        epochs = logged_epochs(part, design.study)
        series[part] = (_series(part, seeds, epochs, tables[TABLE_OF[part.column]]), epochs)
    return measured(measure, series)


def _kept(rows: pa.Table, name: str, values: Any) -> pa.Table:
    """Return the rows with one of the values in a column; all if there is no such column."""
    if name not in rows.column_names:
        return rows
    return rows.filter(pa.array(position(rows[name], values) >= 0))


def _series(measure: Measure, seeds: Epochs, epochs: list[int], rows: pa.Table) -> Array:
    """Return the values of a measure's column, axes (seed, epoch, layer)."""
    kept = {"examples": [measure.examples], "seed": seeds, "epoch": epochs}
    for name, values in kept.items():
        rows = _kept(rows, name, values)
    zeros = np.zeros(rows.num_rows, dtype=np.int64)
    epoch = position(rows["epoch"], epochs) if "epoch" in rows.column_names else zeros
    layer = rows["layer"].to_numpy() - 1 if "layer" in rows.column_names else zeros
    derived = DERIVED.get(measure.column)
    values = derived.values(rows) if derived else rows[measure.column]
    shape = (len(seeds), len(epochs), int(layer.max(initial=0)) + 1)
    return spread(values, (position(rows["seed"], seeds), epoch, layer), shape)


def measured(measure: Measure, series: Mapping[Measure, tuple[Array, Sequence[int]]]) -> Array:
    """Return the measure of every run; axes (seed, value), one value unless the layer is "each".

    Parameters
    ----------
    series
        For the measure and the one it is divided by: the column's values, axes (seed, epoch,
        layer), one layer for what has none, and the epochs.

    Returns
    -------
    Array
        NaN for a run in which any of the values used is missing or not finite, or the divisor is
        zero.
    """
    value = _reduced(measure, *series[measure])
    if measure.over is None:
        return value
    divisor = _reduced(measure.over, *series[measure.over])
    usable = np.isfinite(divisor) & (divisor != 0)
    return np.where(usable, value, np.nan) / np.where(usable, divisor, 1.0)


def _reduced(measure: Measure, values: Array, logged: Sequence[int]) -> Array:
    epochs = np.asarray(logged)
    kept = _epochs_of(measure, epochs)
    x = np.where(np.isfinite(values[:, kept]), values[:, kept], np.nan)
    by_layer = SUMMARIES[measure.summary][1](x, epochs[kept])
    if isinstance(measure.layer, int):
        return by_layer[:, measure.layer - 1 : measure.layer]
    return LAYERS[measure.layer or "first"][1](by_layer)


def _epochs_of(measure: Measure, epochs: Epochs) -> NDArray[np.int64]:
    """Return the indices of the measure's epochs."""
    if isinstance(measure.epochs, str):
        index = np.arange(len(epochs))
        return {"first": index[:1], "last": index[-1:], "all": index}[measure.epochs]
    low, high = np.broadcast_to(measure.epochs, 2)
    return np.flatnonzero((epochs >= low) & (epochs <= high))
