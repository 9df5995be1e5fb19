"""The runs of a study as dense arrays, one chunk of cells at a time, so memory stays bounded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy import quantities
from vgstudy.analysis.decay import PROBE_COLUMNS, decay_rows
from vgstudy.analysis.intervals import finite, logs_of
from vgstudy.analysis.learning import epochs_of_tests, first_learned, is_slow, last_fifth
from vgstudy.config.log import Log
from vgstudy.quantities import QUANTITIES, in_hidden_layers_only
from vgstudy.schema import RUN_STATUSES, ZERO_CAUSES
from vgstudy.store.columns import floats, position
from vgstudy.store.tables import read_rows

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

RATIOS = quantities.names("decays", "geometric mean")
LEVELS = quantities.names("probes", "geometric mean")
MEANS = quantities.names("probes", "mean")
ENDS = quantities.names("curves", "mean")
DECAYS = ("alive", "zero_cause", *RATIOS)
PROBES = (*LEVELS, *MEANS, "zero_cause_float32")
LARGEST = 25  # a chunk of the cells of large jobs holds at most 25 times the runs it should


@dataclass(frozen=True)
class Chunk:
    """Some cells of a design with all that was measured of their runs.

    All measurements are floats, NaN where the run has no row, no value, or is not in the design.

    Attributes
    ----------
    examples
        On which of `schema.EXAMPLES` decays and probes were measured.
    cells, depth
        Ids and hidden layers; axis (cell,).
    seeds, epochs, last_epoch
        All seeds of the study and the epochs of such probes, ascending; the epoch at which training
        ends.
    learned_above
        The test accuracy that a learned run exceeds.
    member
        Whether the design has the run; axes (cell, seed).
    decays
        `alive`, `zero_cause` (index in ZERO_CAUSES) and the RATIOS; axes (cell, epoch, seed).
    probes
        LEVELS, MEANS and `zero_cause_float32`; axes (cell, epoch, layer, seed).
    curves
        `finite` and the ENDS at these epochs and the last one; axes (cell, epoch, seed).
    tested_epochs, tested
        The epochs of `learning.epochs_of_tests`, and the accuracy on the test rows at each; axes
        (cell, epoch, seed).
    last_losses
        The training loss over the last fifth of training; axes (cell, epoch, seed).
    decay_tables
        The rows of `decays`, one table for each job.
    """

    examples: str
    cells: list[str]
    depth: Whole
    seeds: Whole
    epochs: Whole
    last_epoch: int
    learned_above: float
    member: Mask
    decays: Mapping[str, Array]
    probes: Mapping[str, Array]
    curves: Mapping[str, Array]
    tested_epochs: Whole
    tested: Array
    last_losses: Array
    decay_tables: Sequence[pa.Table]

    @cached_property
    def ends(self) -> Mapping[str, Array]:
        """`finite` and the ENDS at the last epoch; axes (cell, seed)."""
        return {name: values[:, -1] for name, values in self.curves.items()}

    @cached_property
    def n(self) -> Whole:
        """Seeds of each cell in the design; axis (cell,)."""
        counts: Whole = self.member.sum(axis=1)
        return counts

    @cached_property
    def status(self) -> Whole:
        """Index in RUN_STATUSES, -1 without a result; axes (cell, seed).

        The first that holds of diverged, dead, learned, slow; see `learning.is_slow`.
        """
        accuracy = self.ends["test_accuracy"]
        conditions = {
            "diverged": self.ends["finite"] == 0,
            "dead": self.decays["zero_cause"][:, -1] == ZERO_CAUSES.index("dead"),
            "learned": accuracy > self.learned_above,
            "slow": is_slow(self.last_losses),
            "stuck": ~np.isnan(accuracy),
        }
        codes = [RUN_STATUSES.index(name) for name in conditions]
        return np.asarray(np.select(list(conditions.values()), codes, -1), dtype=np.int64)

    @cached_property
    def first_learned(self) -> Array:
        """The first of the tested epochs at which a run had learned, infinite if there is none, NaN
        without a result; axes (cell, seed)."""
        first = first_learned(self.tested, self.tested_epochs, self.learned_above)
        return np.where(self.status >= 0, first, np.nan)

    def status_counts(self, status: str) -> tuple[Array, Array]:
        """Return the number of runs of a status, and of runs of any; axis (cell,)."""
        count, n = self.status == RUN_STATUSES.index(status), self.status >= 0
        return count.sum(axis=1).astype(float), n.sum(axis=1).astype(float)

    def deep_enough(self, quantity: str) -> Mask:
        """Return which cells are deep enough to have a quantity; axis (cell,)."""
        return self.depth >= QUANTITIES[quantity].smallest_depth

    def ratio_logs(self, quantity: str) -> Array:
        """Return natural logs of a ratio, NaN of seeds without one; axes (cell, epoch, seed)."""
        return logs_of(self.decays[quantity])

    def level_logs(self, quantity: str) -> Array:
        """Return natural logs of a level; axes (cell, epoch, layer, seed).

        NaN in all layers of a seed that is not alive or lacks one layer. Layers with different
        seeds would show which seeds survive where, not how a level changes from layer to layer.
        """
        logs = logs_of(self.probes[quantity])
        has = self.has_layer(quantity)[..., None]
        complete = np.all(~np.isnan(logs) | ~has, axis=2, keepdims=True)
        alive = (self.decays["alive"] == 1)[:, :, None]
        return np.where(complete & alive & has, logs, np.nan)

    def has_layer(self, quantity: str) -> Mask:
        """Return which layers have a quantity; axes (cell, 1, layer)."""
        layer = np.arange(1, self.depth.max() + 2)
        last = self.depth + (not in_hidden_layers_only(quantity))
        has: Mask = layer <= last[:, None, None]
        return has

    def end_values(self, quantity: str) -> Array:
        """Return a column at the last epoch, NaN of seeds that diverged; axes (cell, seed)."""
        return np.where(self.ends["finite"] == 1, finite(self.ends[quantity]), np.nan)


def chunks(
    folder: Path, runs: pd.DataFrame, study: Mapping[str, Any], size: int
) -> Iterator[Chunk]:
    """Read the cells of `runs` in chunks of about `size` runs; cells of the same jobs together.

    Where jobs are larger, chunks are as large as the cells of the same jobs, up to LARGEST times
    `size`: each chunk reads its jobs whole. The chunk on the probe set comes first, then those of
    the same cells on mini-batches.
    """
    jobs = (
        runs.groupby("cell")["job"]
        .agg(lambda jobs: " ".join(sorted(set(jobs))))
        .sort_values(kind="stable")
    )
    counts = runs["cell"].value_counts().reindex(jobs.index)
    size = max(size, min(counts.groupby(jobs).sum().max(), LARGEST * size))
    chunk = (counts.cumsum() - 1) // size
    for _, cells in chunk.groupby(chunk):
        chosen = runs[runs["cell"].isin(cells.index)]
        for examples, epochs in Log.model_validate(study["log"]).probed.items():
            yield read_chunk(folder, chosen, list(cells.index), study, examples, epochs)


def read_chunk(
    folder: Path,
    runs: pd.DataFrame,
    cells: list[str],
    study: Mapping[str, Any],
    examples: str,
    epochs: Sequence[int],
) -> Chunk:
    """Read these runs and examples from the job files and compute their decay factors.

    Parameters
    ----------
    runs
        Rows of `runs`.
    epochs
        Those at which probes have such examples.

    Raises
    ------
    UserError
        If a job's file is missing, truncated or of another version.
    """
    # the axis of all seeds, whatever the chunk: sums over it round alike
    seeds, last = np.unique(study["seeds"]), study["training"]["epochs"]
    log = Log.model_validate(study["log"])
    levels = runs.drop_duplicates("cell").set_index("cell").loc[cells]
    depth = levels["depth"].to_numpy(dtype=np.int64)
    axes = {"cell": cells, "epoch": epochs, "seed": seeds}
    layered = {"cell": cells, "epoch": epochs, "layer": np.arange(1, depth.max() + 2)}
    followed = np.unique([*epochs, last])
    decays = _Grid(DECAYS, axes)
    probes = _Grid(PROBES, {**layered, "seed": seeds})
    curves = _Grid(("finite", *ENDS), {**axes, "epoch": followed})
    tested = _Grid(["test_accuracy"], {**axes, "epoch": epochs_of_tests(log, last)})
    losses = _Grid(["train_loss"], {**axes, "epoch": last_fifth(last)})
    read = np.unique([epoch for grid in (curves, tested, losses) for epoch in grid.axes["epoch"]])
    decay_tables, measured = [], [("examples", "==", examples)]
    probe_columns = dict.fromkeys([*PROBE_COLUMNS, *PROBES])
    member = np.zeros((len(cells), len(seeds)), dtype=bool)
    for job, of_job in runs.groupby("job"):
        in_job = np.zeros_like(member)
        places = (
            pd.Index(values).get_indexer(pd.Index(of_job[name]))
            for name, values in (("cell", cells), ("seed", seeds))
        )
        in_job[*places] = True
        rows = read_rows(folder, "probes", list(probe_columns), measured, str(job))
        rows = rows.filter(pa.array(_is_member(rows, cells, seeds, in_job)))
        decay_tables.append(pa.table(decay_rows(rows)))
        decays.fill(decay_tables[-1])
        probes.fill(rows)
        during = [("epoch", "in", read.tolist())]
        rows = read_rows(folder, "curves", list(curves.columns), during, str(job))
        rows = rows.filter(pa.array(_is_member(rows, cells, seeds, in_job)))
        for grid in (curves, tested, losses):
            grid.fill(rows)
        member |= in_job
    return Chunk(
        examples,
        cells,
        depth,
        seeds,
        np.array(epochs),
        last,
        study["outcome"]["learned_above"],
        member,
        decays.arrays,
        probes.arrays,
        curves.arrays,
        tested.axes["epoch"],
        tested.arrays["test_accuracy"],
        losses.arrays["train_loss"],
        decay_tables,
    )


def _is_member(rows: pa.Table, cells: Sequence[str], seeds: Whole, member: Mask) -> Mask:
    """Return which rows belong to a run that `member`, axes (cell, seed), marks."""
    cell, seed = position(rows["cell"], cells), position(rows["seed"], seeds)
    return (cell >= 0) & (seed >= 0) & member[cell, seed]


class _Grid:
    """Arrays of some columns with the given axes, NaN until `fill` puts rows of a table there."""

    def __init__(self, names: Sequence[str], axes: Mapping[str, Any]) -> None:
        self.axes = axes
        shape = [len(values) for values in axes.values()]
        self.arrays = {name: np.full(shape, np.nan) for name in names}

    @property
    def columns(self) -> Iterator[str]:
        """Names of the columns of axes and arrays."""
        return iter([*self.axes, *self.arrays])

    def fill(self, rows: pa.Table) -> None:
        """Put each row's values at its place; rows outside of the axes are ignored."""
        index = np.stack([position(rows[name], values) for name, values in self.axes.items()])
        inside = (index >= 0).all(axis=0)
        for name, array in self.arrays.items():
            array[tuple(index[:, inside])] = _measured(rows[name])[inside]


def _measured(column: pa.ChunkedArray) -> Array:
    if pa.types.is_dictionary(column.type):
        return position(column, ZERO_CAUSES).astype(float)
    return floats(column)
