"""Rows of tables as TensorBoard's events, and runs of a study as folders of event files.

`tf.summary` is not used: a number takes it a millisecond, and a run of a study has thousands.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from vgstudy.errors import UserError
from vgstudy.formatting import ranges
from vgstudy.results import Results
from vgstudy.schema import PROBE_SET, QUANTILES, TABLES
from vgstudy.store.files import whole

Row = Mapping[Any, Any]

RUN = ["cell", "seed"]
# the time of every event: equal tables give equal files
NO_TIME = 0.0

VERSION = "brain.Event:2"  # the format that TensorBoard reads
# TensorBoard recognises event files by the word tfevents
FILE_NAME = "events.out.tfevents.{:010d}.vgstudy"
HISTOGRAMS = {"g_quantiles": "gradients", "w_quantiles": "kernels"}
CURVES = {
    "train_loss": "loss/train",
    "test_loss": "loss/test",
    "probe_loss": "loss/probe set",
    "train_accuracy": "accuracy/train",
    "test_accuracy": "accuracy/test",
    "probe_accuracy": "accuracy/probe set",
}


def _numbers(table: str, prefix: str = "") -> dict[str, str]:
    """Return the tag of each column of real numbers."""
    columns = TABLES[table].columns.items()
    return {name: prefix + name for name, (kind, _) in columns if pa.types.is_floating(kind)}


TAGS = {"curves": CURVES, "decays": _numbers("decays", "decay/"), "probes": _numbers("probes")}


def row_events(table: str, rows: Iterable[Row], time: float) -> Iterator[Event]:
    """Yield the events of one run's `curves` or `decays`; null and NaN have none."""
    for row in rows:
        yield _step(row["epoch"], _scalars(table, row), time)


def probe_events(rows: Iterable[Row], names: Sequence[str] | None, time: float) -> Iterator[Event]:
    """Yield the events of one run's probes, sorted by epoch: tags `QUANTITY/layer`.

    Quantiles, where logged, are histograms of gradients and kernels.

    Parameters
    ----------
    names
        The layers' names, layer 1 first; by default they are numbers.
    """
    for epoch, layers in groupby(rows, key=lambda row: row["epoch"]):
        yield _step(epoch, [value for row in layers for value in _layer_values(row, names)], time)


def _layer_values(row: Row, names: Sequence[str] | None) -> Iterator[Summary.Value]:
    number = row["layer"]
    layer = f"layer {number:02d}"
    if names is not None:
        layer = f"{number:02d} {names[number - 1].replace('/', '.')}"
    yield from _scalars("probes", row, f"/{layer}")
    for name, tag in HISTOGRAMS.items():
        if row.get(name) is not None:
            yield histogram(f"{tag}/{layer}", row[name], QUANTILES, row["fan_in"] * row["fan_out"])


def _scalars(table: str, row: Row, suffix: str = "") -> list[Summary.Value]:
    values = {tag: row.get(name) for name, tag in TAGS[table].items()}
    return [scalar(tag + suffix, value) for tag, value in values.items() if pd.notna(value)]


def _step(epoch: int, values: Iterable[Summary.Value], time: float) -> Event:
    return Event(step=epoch, wall_time=time, summary=Summary(value=values))


def scalar(tag: str, value: float) -> Summary.Value:
    """Return a number under a tag; TensorBoard groups tags by the part before the first slash."""
    metadata = scalar_metadata.create_summary_metadata(display_name=None, description=None)
    tensor = make_tensor_proto(float(value), dtype=np.float64)
    return Summary.Value(tag=tag, metadata=metadata, tensor=tensor)


def histogram(
    tag: str, quantiles: ArrayLike, levels: Sequence[float], entries: int
) -> Summary.Value:
    """Return a histogram, which TensorBoard also shows as a distribution, from quantiles.

    Parameters
    ----------
    quantiles, levels
        Quantiles at ascending levels, the first 0 and the last 1.
    entries
        How many numbers they are the quantiles of.
    """
    metadata = histogram_metadata.create_summary_metadata(display_name=None, description=None)
    tensor = make_tensor_proto(buckets(quantiles, levels, entries), dtype=np.float64)
    return Summary.Value(tag=tag, metadata=metadata, tensor=tensor)


def buckets(quantiles: ArrayLike, levels: Sequence[float], entries: int) -> NDArray[np.float64]:
    """Return histogram buckets between distinct quantiles, (bucket, [left, right, count]).

    Equal quantiles are an atom: its share falls into the bucket that ends there, that of an atom at
    the minimum into the first. If all are equal, there is one bucket of width zero.
    """
    values = np.asarray(quantiles, dtype=float)
    last_of_equal = np.append(values[1:] > values[:-1], True)
    edges, shares = values[last_of_equal], np.asarray(levels, dtype=float)[last_of_equal]
    if len(edges) == 1:
        return np.array([[edges[0], edges[0], entries]])
    counts = entries * np.diff(shares)
    counts[0] += entries * shares[0]
    return np.column_stack([edges[:-1], edges[1:], counts])


def write_events(file: BinaryIO, events: Iterable[Event]) -> None:
    """Add events to an open event file; an empty one gets the format's version first."""
    records = RecordWriter(file)
    if not file.tell():
        records.write(Event(file_version=VERSION).SerializeToString())
    for event in events:
        records.write(event.SerializeToString())


def append_events(path: Path, events: Iterable[Event]) -> None:
    """Add events to an event file; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        write_events(file, events)


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
