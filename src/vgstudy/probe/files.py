"""TensorBoard's event files: records of protocol buffers with checksums."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

VERSION = "brain.Event:2"  # the format TensorBoard reads
NAME = "events.out.tfevents.{:010d}.vgstudy"  # TensorBoard knows event files by the word tfevents


def write_events(file: BinaryIO, events: Iterable[Event]) -> None:
    """Add events to an open event file, which is begun with the format's own first event if it is
    empty."""
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
