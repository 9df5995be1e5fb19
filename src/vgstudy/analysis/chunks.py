"""The runs of a study as dense arrays, a chunk of cells at a time, so that memory does not grow
with the study."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.grid import floats, position
from vgstudy.config.log import Log
from vgstudy.schema import FACTORS, RUN_STATUSES, ZERO_CAUSES
from vgstudy.store.tables import read_rows

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATIOS = (
    "d_g",
    "d_delta",
    "d_h",
    "interior_g",
    "interior_delta",
    "interior_h",
    "end_to_end_g",
    "end_to_end_mean_abs",
)
CURVATURES = ("curvature_g", "curvature_delta", "curvature_h")
LEVELS = ("g_rms", "delta_rms", "h_rms", "g_mean_abs")
MEANS = ("w_l1", "w_l1_change", "h_saturated", "h_dead")
ENDS = ("test_accuracy", "train_accuracy", "test_loss", "train_loss")
MOST = 25


@dataclass(frozen=True)
class Chunk:
    """Some cells of a design with all that was measured of their runs.

    All measurements are floats, NaN where the run has no row, no value, or is not in the design.

    Attributes
    ----------
    examples
        On which of `cells.EXAMPLES` decays and probes were measured.
    cells, depth, depths
        Ids, hidden layers, and how many depths the design has of the cell's setting, all other
        levels equal; axis (cell,).
    seeds, epochs, last_epoch
        All seeds of the study and the epochs of such probes, ascending; the epoch at which training
        ends.
    learned_above
        The test accuracy that a learned run exceeds.
    member
        Whether the design has the run; axes (cell, seed).
    decays
        `alive`, `zero_cause` (index in ZERO_CAUSES), the RATIOS and the CURVATURES; axes (cell,
        epoch, seed).
    probes
        LEVELS, MEANS and `zero_cause_float32`; axes (cell, epoch, layer, seed).
    curves
        `finite` and the ENDS at these epochs and the last one; axes (cell, epoch, seed).
    """

    examples: str
    cells: list[str]
    depth: Whole
    depths: Whole
    seeds: Whole
    epochs: Whole
    last_epoch: int
    learned_above: float
    member: NDArray[np.bool_]
    decays: Mapping[str, Array]
    probes: Mapping[str, Array]
    curves: Mapping[str, Array]

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
        """Index in RUN_STATUSES, -1 without a result; the first that holds of diverged, dead,
        learned; axes (cell, seed)."""
        accuracy = self.ends["test_accuracy"]
        conditions = {
            "diverged": self.ends["finite"] == 0,
            "dead": self.decays["zero_cause"][:, -1] == ZERO_CAUSES.index("dead"),
            "learned": accuracy > self.learned_above,
            "not learned": ~np.isnan(accuracy),
        }
        codes = [RUN_STATUSES.index(name) for name in conditions]
        return np.asarray(np.select(list(conditions.values()), codes, -1), dtype=np.int64)


def chunks(
    folder: Path, runs: pd.DataFrame, study: Mapping[str, Any], size: int
) -> Iterator[Chunk]:
    """The cells of `runs` in chunks of about `size` runs, read from the study's folder; cells of
    the same jobs come together.

    Where jobs are larger, chunks are as large as the cells of the same jobs, up to `MOST` times
    `size`: each chunk reads its jobs whole. The chunk on the probe set comes first, then those of
    the same cells on mini-batches.
    """
    jobs = (
        runs.groupby("cell")["job"]
        .agg(lambda jobs: " ".join(sorted(set(jobs))))
        .sort_values(kind="stable")
    )
    counts = runs["cell"].value_counts().reindex(jobs.index)
    size = max(size, min(counts.groupby(jobs).sum().max(), MOST * size))
    settings = runs.groupby([name for name in FACTORS if name != "depth"], observed=True)["depth"]
    runs = runs.assign(depths=settings.transform("nunique"))
    chunk = (counts.cumsum() - 1) // size
    for _, cells in chunk.groupby(chunk):
        own = runs[runs["cell"].isin(cells.index)]
        for examples, epochs in Log.model_validate(study["log"]).probed.items():
            yield read_chunk(folder, own, list(cells.index), study, examples, epochs)


def read_chunk(
    folder: Path,
    runs: pd.DataFrame,
    cells: list[str],
    study: Mapping[str, Any],
    examples: str,
    epochs: Sequence[int],
) -> Chunk:
    """What the job files hold of the given runs, a frame like the table with the column `depths` of
    `Chunk`, and examples.

    Raises
    ------
    UserError
        If a job's file is missing, truncated or of another version.
    """
    # the axis of all seeds, whatever the chunk: sums over it round alike
    seeds, last = np.unique(study["seeds"]), study["training"]["epochs"]
    levels = runs.drop_duplicates("cell").set_index("cell").loc[cells]
    depth, depths = (levels[name].to_numpy(dtype=np.int64) for name in ("depth", "depths"))
    member = np.zeros((len(cells), len(seeds)), dtype=bool)
    member[
        pd.Index(cells).get_indexer(pd.Index(runs["cell"])), np.searchsorted(seeds, runs["seed"])
    ] = True
    read = _Reader(folder, sorted(set(runs["job"])), member)
    layers = np.arange(1, depth.max() + 2)
    measured = [("examples", "==", examples)]
    own = ("alive", "zero_cause", *RATIOS, *CURVATURES)
    decays = read("decays", own, {"cell": cells, "epoch": epochs, "seed": seeds}, measured)
    axes = {"cell": cells, "epoch": epochs, "layer": layers, "seed": seeds}
    probes = read("probes", (*LEVELS, *MEANS, "zero_cause_float32"), axes, measured)
    followed = np.unique([*epochs, last])
    axes = {"cell": cells, "epoch": followed, "seed": seeds}
    curves = read("curves", ("finite", *ENDS), axes, [("epoch", "in", followed.tolist())])
    above = study["outcome"]["learned_above"]
    return Chunk(
        examples,
        cells,
        depth,
        depths,
        seeds,
        np.array(epochs),
        last,
        above,
        member,
        decays,
        probes,
        curves,
    )


@dataclass(frozen=True)
class _Reader:
    """Reads columns of the jobs' files into arrays with the given axes, of which cell is the first
    and seed the last."""

    folder: Path
    jobs: list[str]
    member: NDArray[np.bool_]

    def __call__(
        self, table: str, columns: Sequence[str], axes: Mapping[str, Any], filters: Any = None
    ) -> dict[str, Array]:
        arrays = {
            name: np.full([len(values) for values in axes.values()], np.nan) for name in columns
        }
        for job in self.jobs:
            rows = read_rows(self.folder, table, [*axes, *columns], filters, job)
            index = np.stack([position(rows[name], values) for name, values in axes.items()])
            kept = (index >= 0).all(axis=0) & self.member[index[0], index[-1]]
            for name, array in arrays.items():
                array[tuple(index[:, kept])] = _measured(rows[name])[kept]
        return arrays


def _measured(column: pa.ChunkedArray) -> Array:
    if pa.types.is_dictionary(column.type):
        return position(column, ZERO_CAUSES).astype(float)
    return floats(column)
