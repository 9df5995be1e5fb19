"""Whole files or none."""

import glob
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vgstudy.errors import UserError


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary file that appears under `path`, flushed to disk, when the block ends.

    If the block raises, nothing changes. Until it ends the file has a temporary name in the same
    folder, so that `path` never holds half a file. Temporary files of killed processes are removed.

    Raises
    ------
    UserError
        If the file cannot be written: the disk is full, say, or read-only.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            left.unlink(missing_ok=True)
        with _removed(part), part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> UserError:
    """Return the error for a path that cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return UserError(
        f"{path}: cannot be written: {reason}; fix that and start again: finished results are kept"
    )


@contextmanager
def _removed(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    # the rename itself must survive a power cut
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once; see `whole`."""
    with whole(path) as file:
        file.write(content)
