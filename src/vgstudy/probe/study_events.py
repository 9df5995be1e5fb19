"""Runs of a study as folders of TensorBoard's event files."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vgstudy.errors import UserError
from vgstudy.formatting import ranges
from vgstudy.probe.events import FILE_NAME, probe_events, row_events, write_events
from vgstudy.quantities import PROBE_SET
from vgstudy.results import Results
from vgstudy.store.files import whole

RUN = ["cell", "seed"]
# the time of every event: equal tables give equal files
NO_TIME = 0.0


def write_study(
    folder: Path, logdir: Path, cells: str | None = None, seeds: Sequence[int] | None = None
) -> int:
    """Write the event files `logdir/CELL/seed-SEED/...` of selected runs; return how many.

    Files of an earlier call are replaced. Curves, decay factors and probes on the probe set are
    scalars; quantiles, where the study logged them, are histograms and distributions. Steps are
    epochs.

    Parameters
    ----------
    folder, logdir
        The study's results and where to write.
    cells
        A regular expression that the ids of the cells match; None is all.
    seeds
        None is all.

    Raises
    ------
    UserError
        If nothing is selected, `logdir` is a file, or a table is missing or damaged.
    """
    if logdir.exists() and not logdir.is_dir():
        raise UserError(f"{logdir} is a file; name a folder to write to")
    study = Results(folder)
    runs = _with_seeds(_with_cells(study.runs, cells), seeds)
    selected = {name: list(runs[name].unique()) for name in RUN}
    curves = study.read("curves", **selected).groupby(RUN)
    decays = study.read("decays", examples=PROBE_SET, **selected).groupby(RUN)
    probes = study.read("probes", examples=PROBE_SET, **selected).groupby(RUN)
    for cell, seed in zip(runs["cell"], runs["seed"], strict=True):
        with whole(logdir / cell / f"seed-{seed}" / FILE_NAME.format(0)) as file:
            for table, frame in (("curves", curves), ("decays", decays)):
                rows = frame.get_group((cell, seed)).sort_values("epoch")
                write_events(file, row_events(table, rows.to_dict("records"), NO_TIME))
            rows = probes.get_group((cell, seed)).sort_values(["epoch", "layer"])
            write_events(file, probe_events(rows.to_dict("records"), None, NO_TIME))
    return len(runs)


def _with_cells(runs: pd.DataFrame, expression: str | None) -> pd.DataFrame:
    try:
        pattern = re.compile(expression or "")
    except re.error as error:
        raise UserError(f"--cells: {expression!r} is not a regular expression: {error}") from None
    selected = runs[runs["cell"].map(lambda cell: bool(pattern.search(cell)))]
    if selected.empty:
        some = ", ".join(sorted(runs["cell"].unique())[:3])
        raise UserError(f"--cells: no run has a cell like {expression!r}; cells are such as {some}")
    return selected


def _with_seeds(runs: pd.DataFrame, seeds: Sequence[int] | None) -> pd.DataFrame:
    if seeds is None:
        return runs
    if missing := set(seeds) - set(runs["seed"]):
        raise UserError(
            f"--seeds: these cells have no runs of seeds {ranges(missing)}; "
            f"they have {ranges(runs['seed'])}"
        )
    return runs[runs["seed"].isin(seeds)]
