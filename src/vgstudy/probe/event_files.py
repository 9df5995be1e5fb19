"""TensorBoard's event files, written without TensorFlow and byte for byte reproducible.

`tf.summary` is not used: a number takes it a millisecond, and a run of a study has thousands.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

VERSION = "brain.Event:2"  # the format that TensorBoard reads
# TensorBoard recognises event files by the word tfevents
FILE_NAME = "events.out.tfevents.{:010d}.vgstudy"


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


def step_event(step: int, values: Iterable[Summary.Value], time: float) -> Event:
    """Return everything that belongs to one step as an event; time in seconds since 1970."""
    return Event(step=step, wall_time=time, summary=Summary(value=values))


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


def hyperparameter_event(values: Mapping[str, Any], run: str) -> Event:
    """Return the event that lists a run's hyperparameters in the HParams tab."""
    return Event(summary=hparams.hparams_pb(dict(values), trial_id=run, start_time_secs=0.0))


def experiment_event(domains: Mapping[str, Sequence[Any]], metrics: Mapping[str, str]) -> Event:
    """Return the event with the columns of the HParams tab.

    `domains` maps hyperparameters to their values, `metrics` tags to titles.
    """
    columns = [hparams.HParam(name, hparams.Discrete(values)) for name, values in domains.items()]
    titles = [hparams.Metric(tag, display_name=title) for tag, title in metrics.items()]
    return Event(summary=hparams.hparams_config_pb(columns, titles, time_created_secs=0.0))
