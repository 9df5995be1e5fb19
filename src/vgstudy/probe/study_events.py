"""Runs of a study as folders of TensorBoard's event files."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.formatting import ranges
from vgstudy.probe.events import FILE_NAME, probe_events, row_events, write_events
from vgstudy.schema import ON_PROBE_SET, TABLES
from vgstudy.store.files import whole
from vgstudy.store.tables import read_rows

Run = Mapping[str, Any]
Rows = Sequence[dict[str, Any]]

# the time of every event: equal tables give equal files
NO_TIME = 0.0
RUN_KEYS = ("cell", "seed")


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
    runs = _with_seeds(_with_cells(read_rows(folder, "runs"), cells), seeds)
    for job, members in groupby(sorted(runs, key=_job), key=_job):
        job_runs = list(members)
        tables = {
            table: _by_run(folder, table, job, job_runs) for table in ("curves", "decays", "probes")
        }
        for run in job_runs:
            key = run["cell"], run["seed"]
            rows = {table: by_run.get(key, []) for table, by_run in tables.items()}
            _write(logdir / run["cell"] / f"seed-{run['seed']}", rows)
    return len(runs)


def _with_cells(runs: pa.Table, expression: str | None) -> list[dict[str, Any]]:
    try:
        pattern = re.compile(expression or "")
    except re.error as error:
        raise UserError(f"--cells: {expression!r} is not a regular expression: {error}") from None
    selected = [run for run in runs.to_pylist() if pattern.search(run["cell"])]
    if not selected:
        some = ", ".join(sorted(set(runs["cell"].to_pylist()))[:3])
        raise UserError(f"--cells: no run has a cell like {expression!r}; cells are such as {some}")
    return selected


def _with_seeds(runs: list[dict[str, Any]], seeds: Sequence[int] | None) -> list[dict[str, Any]]:
    if seeds is None:
        return runs
    present = {run["seed"] for run in runs}
    if missing := set(seeds) - present:
        raise UserError(
            f"--seeds: these cells have no runs of seeds {ranges(missing)}; "
            f"they have {ranges(present)}"
        )
    return [run for run in runs if run["seed"] in seeds]


def _job(run: Run) -> str:
    return str(run["job"])


def _by_run(
    folder: Path, table: str, job: str, runs: Sequence[Run]
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Return the rows of each run, by epoch and layer; of gradients those on the probe set."""
    columns = TABLES[table].columns
    filters: list[Any] = [(name, "in", list({run[name] for run in runs})) for name in RUN_KEYS]
    if "examples" in columns:
        filters.append(ON_PROBE_SET)
    rows = read_rows(folder, table, filters=filters, job=job)
    rows = rows.set_column(rows.column_names.index("cell"), "cell", rows["cell"].cast(pa.string()))
    order = [(name, "ascending") for name in (*RUN_KEYS, "epoch", "layer") if name in columns]
    groups = groupby(rows.sort_by(order).to_pylist(), key=lambda row: (row["cell"], row["seed"]))
    return {key: list(members) for key, members in groups}


def _write(folder: Path, tables: Mapping[str, Rows]) -> None:
    with whole(folder / FILE_NAME.format(0)) as file:
        write_events(file, row_events("curves", tables["curves"], NO_TIME))
        write_events(file, row_events("decays", tables["decays"], NO_TIME))
        write_events(file, probe_events(tables["probes"], None, NO_TIME))
