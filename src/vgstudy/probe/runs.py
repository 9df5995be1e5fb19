"""Rows of a run's tables as TensorBoard events, one for each epoch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from vgstudy.probe.summaries import event, histogram, scalar
from vgstudy.schema import QUANTILES, TABLES

KEYS = {"cell", "seed", "epoch", "step", "examples", "layer", "kind", "fan_in", "fan_out"}
SHOWN: Mapping[str, Mapping[str, str]] = {  # column: tag
    "curves": {
        "train_loss": "loss/train",
        "test_loss": "loss/test",
        "probe_loss": "loss/probe set",
        "train_accuracy": "accuracy/train",
        "test_accuracy": "accuracy/test",
        "probe_accuracy": "accuracy/probe set",
    },
    "decays": {
        name: f"decay/{name}"
        for name, (kind, _) in TABLES["decays"].columns.items()
        if name not in KEYS and pa.types.is_floating(kind)
    },
    "probes": {
        name: name
        for name, (kind, _) in TABLES["probes"].columns.items()
        if name not in KEYS and pa.types.is_floating(kind)
    },
}
HISTOGRAMS = {"g_quantiles": "gradients", "w_quantiles": "kernels"}

Row = Mapping[str, Any]


def probe_events(rows: Iterable[Row], names: Sequence[str] | None, time: float) -> Iterator[Event]:
    """Events of one run's probes, sorted by epoch: tags `QUANTITY/layer`, and histograms of
    gradients and kernels if logged.

    Parameters
    ----------
    names
        The layers' names, layer 1 first; by default they are numbers.
    """
    for epoch, layers in groupby(rows, key=lambda row: row["epoch"]):
        yield event(epoch, [value for row in layers for value in _of_layer(row, names)], time)


def row_events(table: str, rows: Iterable[Row], time: float) -> Iterator[Event]:
    """Events of one run's `curves` or `decays`; what is null has none."""
    for row in rows:
        values = [
            scalar(tag, row[name])
            for name, tag in SHOWN[table].items()
            if row.get(name) is not None
        ]
        yield event(row["epoch"], values, time)


def _of_layer(row: Row, names: Sequence[str] | None) -> Iterator[Summary.Value]:
    number = row["layer"]
    layer = (
        f"layer {number:02d}"
        if names is None
        else f"{number:02d} {names[number - 1].replace('/', '.')}"
    )
    for name, tag in SHOWN["probes"].items():
        if row.get(name) is not None:
            yield scalar(f"{tag}/{layer}", row[name])
    for name, tag in HISTOGRAMS.items():
        if row.get(name) is not None:
            yield histogram(f"{tag}/{layer}", row[name], QUANTILES, row["fan_in"] * row["fan_out"])
