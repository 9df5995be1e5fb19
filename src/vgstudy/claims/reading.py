"""The measures of cells, read job by job: no more than one job's rows are held at a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vgstudy.analysis.design import Design
from vgstudy.analysis.grid import floats, position, spread
from vgstudy.claims.checks import logged_epochs, needs, table_of
from vgstudy.claims.measures import measured
from vgstudy.claims.statements import DERIVED, Measure
from vgstudy.schema import JOB_TABLES
from vgstudy.store.tables import read_rows

Array = NDArray[np.float64]
Wanted = Mapping[str, Iterable[Measure]]
Values = dict[tuple[str, Measure], pd.DataFrame]
"""For a cell and a measure: a row per seed of the design, NaN where there is no value; a column, or one per layer."""

_KEYS = {
    "curves": ("epoch",),
    "probes": ("epoch", "examples", "layer"),
    "decays": ("epoch", "examples"),
    "outcomes": (),
}


def read_values(design: Design, wanted: Wanted) -> Values:
    """The wanted measures of each cell.

    Raises
    ------
    UserError
        If a table is missing, truncated, of another version or of another design.
    """
    found: dict[tuple[str, Measure], list[pd.DataFrame]] = defaultdict(list)
    rows = design.runs[design.runs["cell"].isin(list(wanted))]
    for job, own in rows.groupby("job"):
        tables = _Tables(
            design, str(job), {cell: list(wanted[cell]) for cell in dict.fromkeys(own["cell"])}
        )
        for cell, measures in tables.wanted.items():
            seeds = np.sort(own.loc[own["cell"] == cell, "seed"].to_numpy())
            for measure in measures:
                found[cell, measure].append(
                    pd.DataFrame(tables.measured(cell, measure, seeds), seeds)
                )
    return {key: pd.concat(parts).sort_index() for key, parts in found.items()}


class _Tables:
    """One job's tables, the columns and cells that measures need."""

    def __init__(self, design: Design, job: str, wanted: Mapping[str, list[Measure]]) -> None:
        self.study, self.wanted = design.study, wanted
        every = needs(measure for measures in wanted.values() for measure in measures)
        self.tables = {}
        for table in sorted({table_of(measure.column) for measure in every}):
            own = [measure for measure in every if table_of(measure.column) == table]
            self.tables[table] = _read(design.folder, table, job, own, list(wanted))

    def measured(self, cell: str, measure: Measure, seeds: NDArray[np.int64]) -> Array:
        series = {
            one: (self._series(cell, one, seeds), logged_epochs(one, self.study))
            for one in needs([measure])
        }
        return measured(measure, series)

    def _series(self, cell: str, measure: Measure, seeds: NDArray[np.int64]) -> Array:
        """Values of a measure's column; axes (seed, epoch, layer)."""
        rows, epochs = self.tables[table_of(measure.column)], logged_epochs(measure, self.study)
        kept = pc.equal(rows["cell"], cell)
        if "examples" in rows.column_names:
            kept = pc.and_(kept, pc.equal(rows["examples"], measure.examples))
        rows = rows.filter(kept)
        layer = (
            rows["layer"].to_numpy() - 1
            if "layer" in rows.column_names
            else np.zeros(rows.num_rows, dtype=int)
        )
        epoch = (
            position(rows["epoch"], epochs)
            if "epoch" in rows.column_names
            else np.zeros(rows.num_rows, dtype=int)
        )
        index = (position(rows["seed"], seeds), epoch, layer)
        inside = (index[0] >= 0) & (index[1] >= 0)
        shape = (len(seeds), len(epochs), int(layer.max(initial=0)) + 1)
        return spread(
            _values(rows.filter(pa.array(inside)), measure.column),
            tuple(i[inside] for i in index),
            shape,
        )


def _read(
    folder: Path, table: str, job: str, measures: list[Measure], cells: list[str]
) -> pa.Table:
    columns = {
        name for measure in measures for name in DERIVED.get(measure.column, (measure.column,))
    }
    wanted = ["cell", "seed", *_KEYS[table], *sorted(columns)]
    rows = read_rows(
        folder, table, wanted, [("cell", "in", cells)], job if table in JOB_TABLES else None
    )
    texts = [
        name for name in rows.column_names if pa.types.is_dictionary(rows.schema.field(name).type)
    ]
    return pa.table(
        {
            name: rows[name].cast(pa.string()) if name in texts else rows[name]
            for name in rows.column_names
        }
    )


def _values(rows: pa.Table, column: str) -> pa.ChunkedArray:
    """A measure's column as numbers."""
    if column == "learned":
        return pc.equal(rows["status"], "learned")
    if column == "g_mean_size":
        return pc.abs(rows["g_mean"])
    if (
        column == "weight_gain"
    ):  # one layer of backpropagation through W: Var grows by fan_out E[w^2]
        gain = np.sqrt(
            floats(rows["fan_out"]) * (floats(rows["w_mean"]) ** 2 + floats(rows["w_sd"]) ** 2)
        )
        return pa.chunked_array([pa.array(gain)])
    return rows[column]
