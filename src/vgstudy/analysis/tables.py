"""The analysis of a study: files of its jobs in, its estimates out."""

from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from vgstudy.analysis.chunks import chunks
from vgstudy.analysis.contrasts import contrast_rows, pairs
from vgstudy.analysis.design import read_design
from vgstudy.analysis.estimates import estimate_rows, outcome_rows, profile_rows, trajectory_rows
from vgstudy.analysis.limits import limit_rows
from vgstudy.analysis.linearity import linearity_rows
from vgstudy.analysis.summaries import summary
from vgstudy.analysis.variances import variance_rows
from vgstudy.cells import PROBE_SET
from vgstudy.schema import FACTORS
from vgstudy.store.parquet import open_writer, write_table

BATCH_RUNS = 1000


def write_estimates(folder: Path, chunk_runs: int = BATCH_RUNS) -> None:
    """Write a study's decay factors and all estimates, from its runs, probes and curves.

    The digest of the design stands in each one's footer.

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
    study, runs, footer = design.study, design.runs, {"digest": design.digest}
    with ExitStack() as files:
        names = ("decays", "outcomes", "estimates", "trajectories", "profiles")
        writers = (
            files.enter_context(open_writer(name, folder / f"{name}.parquet", footer))
            for name in names
        )
        decays, outcomes, estimates, trajectories, profiles = writers
        summaries = []
        for chunk in chunks(folder, runs, study, chunk_runs):
            for table in chunk.decay_tables:
                decays.write(table)
            if chunk.examples == PROBE_SET:
                outcomes.write(outcome_rows(chunk))
                for rows in trajectory_rows(chunk):
                    trajectories.write(rows)
                summaries.append(summary(chunk))
            for rows in estimate_rows(chunk):
                estimates.write(rows)
            for rows in profile_rows(chunk):
                profiles.write(rows)
        found = pd.concat(summaries, ignore_index=True)
        cells = runs[["cell", *FACTORS]].drop_duplicates("cell")
        tables = {
            "contrasts": contrast_rows(pairs(cells, study["contrasts"]), found, study),
            "linearity": linearity_rows(found, cells.set_index("cell")["depth"]),
            "limits": limit_rows(cells, found, study["contrasts"]),
            "variances": variance_rows(cells, found),
        }
        for name, columns in tables.items():
            write_table(name, columns, folder / f"{name}.parquet", footer)
