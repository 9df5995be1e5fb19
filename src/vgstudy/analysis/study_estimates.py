"""The analysis of a study: from the measurements of its jobs to the tables of its estimates."""

import itertools
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from vgstudy.analysis.best_rates import best_rate_rows, paired_rows
from vgstudy.analysis.chunks import Chunk, chunks
from vgstudy.analysis.contrasts import contrast_rows, pairs
from vgstudy.analysis.depth_curves import depth_curve_rows
from vgstudy.analysis.depth_limit import fitted_limits, limit_row, shares_learned
from vgstudy.analysis.estimates import cell_moments, estimate_rows, outcome_rows
from vgstudy.analysis.learning import threshold_rows
from vgstudy.analysis.pooled import pooled_rows
from vgstudy.analysis.profiles import layer_decay_rows, profile_rows, trajectory_rows
from vgstudy.analysis.two_by_two import two_by_two_rows
from vgstudy.analysis.variances import variance_rows
from vgstudy.design import Design, read_design
from vgstudy.schema import FACTORS, PROBE_SET, TABLES
from vgstudy.store.parquet import Writer, open_writer, write_table
from vgstudy.store.tables import read_rows

# a frame, or a mapping for each row
Rows = pd.DataFrame | Iterable[Mapping[str, Any]]

BATCH_RUNS = 1000
STREAMED = ("decays", "outcomes", "estimates", "trajectories", "profiles", "layer_decays")


def write_estimates(folder: Path, chunk_runs: int = BATCH_RUNS) -> None:
    """Write a study's decay factors and all estimates, from its runs, probes and curves.

    The footer of each table holds the digest of the design.

    Parameters
    ----------
    folder
        The study's results, with runs.parquet.
    chunk_runs
        About how many runs are held in memory at a time; the numbers do not depend on it.

    Raises
    ------
    UserError
        If a file is missing, truncated or of another version.
    """
    design = read_design(folder)
    footer = {"digest": design.digest}
    with ExitStack() as files:
        writers = {
            name: files.enter_context(open_writer(name, folder / f"{name}.parquet", footer))
            for name in STREAMED
        }
        moments = []
        for chunk in chunks(folder, design.runs, design.study, chunk_runs):
            _write_chunk(chunk, writers)
            if chunk.examples == PROBE_SET:
                moments.append(cell_moments(chunk))
    compared = comparisons(design, pd.concat(moments, ignore_index=True))
    for name, rows in (compared | of_outcomes(design)).items():
        _write_rows(design, name, rows)


def _write_chunk(chunk: Chunk, writers: dict[str, Writer]) -> None:
    """Write what is known of the cells of a chunk, one row group after another."""
    for table in chunk.decay_tables:
        writers["decays"].write(table)
    for rows in estimate_rows(chunk):
        writers["estimates"].write(rows)
    for rows in profile_rows(chunk):
        writers["profiles"].write(rows)
    if chunk.examples == PROBE_SET:
        writers["outcomes"].write(outcome_rows(chunk))
        for rows in trajectory_rows(chunk):
            writers["trajectories"].write(rows)
        for rows in layer_decay_rows(chunk):
            writers["layer_decays"].write(rows)


def comparisons(design: Design, moments: pd.DataFrame) -> dict[str, Rows]:
    """Return the rows of the tables that compare cells, from the moments of each cell."""
    cells = design.runs[["cell", *FACTORS]].drop_duplicates("cell")
    declared = design.study["contrasts"]
    shares = shares_learned(cells, moments)
    limits = fitted_limits(shares)
    return {
        "contrasts": contrast_rows(pairs(cells, declared), moments, design.study),
        "depth_curves": depth_curve_rows(cells, moments),
        "pooled": pooled_rows(shares, limits, declared),
        "two_by_two": two_by_two_rows(shares, design.study.get("two_by_two")),
        "limits": itertools.starmap(limit_row, limits.items()),
        "variances": variance_rows(cells, moments),
    }


def of_outcomes(design: Design) -> dict[str, Rows]:
    """Return the rows of the tables made of the outcomes written before.

    They are shares at several thresholds, for a study with a reference; what networks do at their
    best rates, for one with several; and, if cells share their random streams, how networks differ
    seed by seed.
    """
    study, runs = design.study, _outcomes(design)
    choosing = study["seeds"][: study["choosing_seeds"] or 0]
    is_paired = study["streams"] == "shared"
    best = best_rate_rows(runs, choosing) if choosing or is_paired else []
    estimating = runs[~runs["seed"].isin(choosing)]
    declared = study["contrasts"] if is_paired and best else []
    return {
        "thresholds": threshold_rows(study, runs),
        "best_rates": best,
        "paired": paired_rows(estimating, best, declared),
    }


def _outcomes(design: Design) -> pd.DataFrame:
    """Return factors, whether it learned (0 or 1), accuracy and training loss of each run."""
    columns = ["cell", "seed", "status", "train_loss", "test_accuracy"]
    outcomes: pd.DataFrame = read_rows(design.folder, "outcomes", columns).to_pandas()
    learned = (outcomes["status"].astype(str) == "learned").astype(int)
    runs = outcomes.assign(learned=learned, cell=outcomes["cell"].astype(str))
    levels = design.runs[["cell", "seed", *FACTORS]]
    return runs.merge(levels.astype({"cell": "str"}), on=["cell", "seed"])


def _write_rows(design: Design, table: str, rows: Rows) -> None:
    """Write a table of a study from its rows, a frame or a mapping for each; NaN becomes null."""
    names = TABLES[table].columns
    frame = pd.DataFrame(
        rows if isinstance(rows, pd.DataFrame) else list(rows), columns=list(names)
    )
    arrays = {name: pa.array(frame[name], from_pandas=True) for name in names}
    # a column without any value has no type yet
    columns = {
        name: array if array.null_count < len(array) else pa.nulls(len(array))
        for name, array in arrays.items()
    }
    write_table(table, columns, design.folder / f"{table}.parquet", {"digest": design.digest})
