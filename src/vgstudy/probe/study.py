"""A study's logs as TensorBoard's: one run for each cell and seed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from tensorboard.compat.proto.event_pb2 import Event

from vgstudy.errors import UserError
from vgstudy.formatting import ranges
from vgstudy.probe.files import NAME, write_events
from vgstudy.probe.runs import probe_events, row_events
from vgstudy.probe.summaries import experiment, hyperparameters
from vgstudy.schema import FACTORS, ON_PROBE_SET, TABLES
from vgstudy.store.files import whole
from vgstudy.store.tables import read_rows

Run = Mapping[str, Any]

METRICS = {
    "accuracy/test": "test accuracy",
    "loss/train": "train loss",
    "decay/d_g": "decay of g",
    "decay/d_delta": "decay of delta",
    "decay/end_to_end_g": "g, output over layer 1",
}
TIME = 0.0  # of every event: a study's clock is its epochs, and equal tables give equal files
READ = ("probes", "decays", "curves")


@dataclass(frozen=True)
class Selection:
    """Which runs of a study: cells whose id the pattern finds, and seeds; None is all."""

    cells: str | None = None
    seeds: Sequence[int] | None = None

    def rows(self, runs: pa.Table) -> list[dict[str, Any]]:
        """The selected rows of a study's runs.

        Raises
        ------
        UserError
            If the pattern is no regular expression or finds nothing, or a seed has no run.
        """
        try:
            pattern = re.compile(self.cells or "")
        except re.error as error:
            raise UserError(f"--cells: {self.cells!r} is no regular expression: {error}") from None
        found = [run for run in runs.to_pylist() if pattern.search(run["cell"])]
        if not found:
            some = ", ".join(sorted(set(runs["cell"].to_pylist()))[:3])
            raise UserError(
                f"--cells: no run has a cell like {self.cells!r}; cells are such as {some}"
            )
        there = {run["seed"] for run in found}
        if self.seeds is not None and (missing := set(self.seeds) - there):
            raise UserError(
                f"--seeds: these cells have no runs of seeds {ranges(missing)}; they have {ranges(there)}"
            )
        return found if self.seeds is None else [run for run in found if run["seed"] in self.seeds]


def write_study(folder: Path, logdir: Path, selection: Selection) -> int:
    """Write the event files `logdir/CELL/seed-SEED/...` of the selected runs; files of an earlier
    call are replaced.

    Curves, decay factors and probes on the probe set are scalars; quantiles, where the study logged
    them, are histograms and distributions; the factors are hyperparameters. Steps are epochs.

    Returns
    -------
    How many runs were written.

    Raises
    ------
    UserError
        If nothing is selected, `logdir` is a file, or a table is missing or damaged.
    """
    if logdir.exists() and not logdir.is_dir():
        raise UserError(f"{logdir} is a file; name a folder to write to")
    chosen = selection.rows(read_rows(folder, "runs"))
    _write(logdir, [Event(summary=experiment(_domains(chosen), METRICS, TIME))])
    for job, members in groupby(
        sorted(chosen, key=lambda run: str(run["job"])), key=lambda run: run["job"]
    ):
        runs = list(members)
        tables = {table: _by_run(folder, table, str(job), runs) for table in READ}
        for run in runs:
            key = run["cell"], run["seed"]
            _write(
                logdir / run["cell"] / f"seed-{run['seed']}",
                _events(run, {t: rows.get(key, []) for t, rows in tables.items()}),
            )
    return len(chosen)


def runs_in(logdir: Path) -> int:
    """How many runs, of any study or model, a folder shows in TensorBoard: folders with event files
    below it."""
    return len({path.parent for path in logdir.rglob("*tfevents*")} - {logdir})


def _events(run: Run, tables: Mapping[str, list[dict[str, Any]]]) -> Iterator[Event]:
    settings = {name: run[name] for name in (*FACTORS, "seed")}
    for summary in hyperparameters(settings, f"{run['cell']}/seed-{run['seed']}", TIME):
        yield Event(summary=summary)
    yield from row_events("curves", tables["curves"], TIME)
    yield from row_events("decays", tables["decays"], TIME)
    yield from probe_events(tables["probes"], None, TIME)


def _by_run(
    folder: Path, table: str, job: str, runs: Sequence[Run]
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """The rows of each of the runs, by epoch and layer; of gradients those on the probe set."""
    filters = [(name, "in", list({run[name] for run in runs})) for name in ("cell", "seed")]
    rows = read_rows(
        folder,
        table,
        filters=filters + [ON_PROBE_SET] * ("examples" in TABLES[table].columns),
        job=job,
    )
    rows = rows.set_column(rows.column_names.index("cell"), "cell", rows["cell"].cast(pa.string()))
    keys = [name for name in ("cell", "seed", "epoch", "layer") if name in TABLES[table].columns]
    ordered = rows.sort_by([(name, "ascending") for name in keys]).to_pylist()
    return {
        key: list(own) for key, own in groupby(ordered, key=lambda row: (row["cell"], row["seed"]))
    }


def _domains(runs: Iterable[Run]) -> dict[str, list[Any]]:
    found = list(runs)
    return {name: sorted({run[name] for run in found}) for name in (*FACTORS, "seed")}


def _write(folder: Path, events: Iterable[Event]) -> None:
    with whole(folder / NAME.format(0)) as file:
        write_events(file, events)
