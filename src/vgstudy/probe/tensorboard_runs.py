"""Runs in TensorBoard: rows of tables as events, and whole studies as folders of event files."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from vgstudy.errors import UserError
from vgstudy.formatting import ranges
from vgstudy.probe.event_files import (
    FILE_NAME,
    experiment_event,
    histogram,
    hyperparameter_event,
    scalar,
    step_event,
    write_events,
)
from vgstudy.quantities import QUANTITIES
from vgstudy.schema import FACTORS, ON_PROBE_SET, QUANTILES, TABLES
from vgstudy.store.files import whole
from vgstudy.store.tables import read_rows

Row = Mapping[str, Any]

KEYS = ("cell", "seed", "epoch", "layer")
NOT_SCALARS = {*KEYS, "step", "examples", "kind", "fan_in", "fan_out"}
HISTOGRAMS = {"g_quantiles": "gradients", "w_quantiles": "kernels"}
CURVE_TAGS = {
    "train_loss": "loss/train",
    "test_loss": "loss/test",
    "probe_loss": "loss/probe set",
    "train_accuracy": "accuracy/train",
    "test_accuracy": "accuracy/test",
    "probe_accuracy": "accuracy/probe set",
}
METRICS = {
    "accuracy/test": "test accuracy",
    "loss/train": "train loss",
    "decay/d_g": QUANTITIES["d_g"].label,
    "decay/d_delta": QUANTITIES["d_delta"].label,
    "decay/end_to_end_g": QUANTITIES["end_to_end_g"].label,
}
# the time of every event of a study: equal tables give equal files
NO_TIME = 0.0


def _float_columns(table: str) -> list[str]:
    columns = TABLES[table].columns
    return [
        name
        for name, (kind, _) in columns.items()
        if name not in NOT_SCALARS and pa.types.is_floating(kind)
    ]


TAGS = {
    "curves": CURVE_TAGS,
    "decays": {name: f"decay/{name}" for name in _float_columns("decays")},
    "probes": {name: name for name in _float_columns("probes")},
}


def probe_events(rows: Iterable[Row], names: Sequence[str] | None, time: float) -> Iterator[Event]:
    """Yield the events of one run's probes, sorted by epoch: tags `QUANTITY/layer`.

    Quantiles, where logged, are histograms of gradients and kernels.

    Parameters
    ----------
    names
        The layers' names, layer 1 first; by default they are numbers.
    """
    for epoch, layers in groupby(rows, key=lambda row: row["epoch"]):
        values = [value for row in layers for value in _layer_values(row, names)]
        yield step_event(epoch, values, time)


def row_events(table: str, rows: Iterable[Row], time: float) -> Iterator[Event]:
    """Yield the events of one run's `curves` or `decays`; null has none."""
    for row in rows:
        yield step_event(row["epoch"], _scalars(table, row), time)


def _scalars(table: str, row: Row, suffix: str = "") -> list[Summary.Value]:
    present = {name: tag for name, tag in TAGS[table].items() if row.get(name) is not None}
    return [scalar(tag + suffix, row[name]) for name, tag in present.items()]


def _layer_values(row: Row, names: Sequence[str] | None) -> Iterator[Summary.Value]:
    number = row["layer"]
    layer = f"layer {number:02d}"
    if names is not None:
        layer = f"{number:02d} {names[number - 1].replace('/', '.')}"
    yield from _scalars("probes", row, f"/{layer}")
    for name, tag in HISTOGRAMS.items():
        if row.get(name) is not None:
            yield histogram(f"{tag}/{layer}", row[name], QUANTILES, row["fan_in"] * row["fan_out"])


@dataclass(frozen=True)
class Selection:
    """Which runs of a study: cells whose id the pattern matches, and seeds; None is all."""

    cells: str | None = None
    seeds: Sequence[int] | None = None

    def rows(self, runs: pa.Table) -> list[dict[str, Any]]:
        """Return the selected rows of a study's runs.

        Raises
        ------
        UserError
            If the pattern is not a regular expression or matches nothing, or a seed has no run.
        """
        try:
            pattern = re.compile(self.cells or "")
        except re.error as error:
            raise UserError(
                f"--cells: {self.cells!r} is not a regular expression: {error}"
            ) from None
        selected = [run for run in runs.to_pylist() if pattern.search(run["cell"])]
        if not selected:
            some = ", ".join(sorted(set(runs["cell"].to_pylist()))[:3])
            raise UserError(
                f"--cells: no run has a cell like {self.cells!r}; cells are such as {some}"
            )
        return self._with_seeds(selected)

    def _with_seeds(self, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.seeds is None:
            return runs
        present = {run["seed"] for run in runs}
        if missing := set(self.seeds) - present:
            raise UserError(
                f"--seeds: these cells have no runs of seeds {ranges(missing)}; "
                f"they have {ranges(present)}"
            )
        return [run for run in runs if run["seed"] in self.seeds]


def write_study(folder: Path, logdir: Path, selection: Selection) -> int:
    """Write the event files `logdir/CELL/seed-SEED/...` of the selected runs.

    Files of an earlier call are replaced. Curves, decay factors and probes on the probe set are
    scalars; quantiles, where the study logged them, are histograms and distributions; the factors
    are hyperparameters. Steps are epochs.

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
    runs = selection.rows(read_rows(folder, "runs"))
    _write(logdir, [experiment_event(_domains(runs), METRICS)])
    jobs = sorted(runs, key=lambda run: str(run["job"]))
    for job, members in groupby(jobs, key=lambda run: str(run["job"])):
        job_runs = list(members)
        tables = {table: _by_run(folder, table, job, job_runs) for table in TAGS}
        for run in job_runs:
            key = run["cell"], run["seed"]
            rows = {table: by_run.get(key, []) for table, by_run in tables.items()}
            _write(logdir / run["cell"] / f"seed-{run['seed']}", _run_events(run, rows))
    return len(runs)


def count_runs(logdir: Path) -> int:
    """Return how many runs TensorBoard shows for a folder: subfolders with event files."""
    return len({path.parent for path in logdir.rglob("*tfevents*")} - {logdir})


def _run_events(run: Row, tables: Mapping[str, list[dict[str, Any]]]) -> Iterator[Event]:
    settings = {name: run[name] for name in (*FACTORS, "seed")}
    yield hyperparameter_event(settings, f"{run['cell']}/seed-{run['seed']}")
    yield from row_events("curves", tables["curves"], NO_TIME)
    yield from row_events("decays", tables["decays"], NO_TIME)
    yield from probe_events(tables["probes"], None, NO_TIME)


def _by_run(
    folder: Path, table: str, job: str, runs: Sequence[Row]
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Return the rows of each run, by epoch and layer; of gradients those on the probe set."""
    columns = TABLES[table].columns
    filters: list[Any] = [(name, "in", list({run[name] for run in runs})) for name in KEYS[:2]]
    if "examples" in columns:
        filters.append(ON_PROBE_SET)
    rows = read_rows(folder, table, filters=filters, job=job)
    rows = rows.set_column(rows.column_names.index("cell"), "cell", rows["cell"].cast(pa.string()))
    ordered = rows.sort_by([(name, "ascending") for name in KEYS if name in columns]).to_pylist()
    groups = groupby(ordered, key=lambda row: (row["cell"], row["seed"]))
    return {key: list(members) for key, members in groups}


def _domains(runs: Sequence[Row]) -> dict[str, list[Any]]:
    return {name: sorted({run[name] for run in runs}) for name in (*FACTORS, "seed")}


def _write(folder: Path, events: Iterable[Event]) -> None:
    with whole(folder / FILE_NAME.format(0)) as file:
        write_events(file, events)
