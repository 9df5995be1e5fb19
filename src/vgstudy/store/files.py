"""Whole files or none."""

import glob
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vgstudy.errors import UserError


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A binary file that appears under `path`, flushed to disk, when the block ends, or not at all
    if it raises.

    Until then it has a temporary name in the same folder, so that `path` never holds half a file.
    What a killed process left under such a name is removed.

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
    """The mistake of naming a path that cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return UserError(
        f"{path}: cannot be written: {reason}; mend that and start again: what is finished is kept"
    )


@contextmanager
def _removed(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)  # the rename itself must survive a power cut
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def no_later_than_now(folder: Path) -> int:
    """Give files and folders that bear a time in the future, because the clock was set back, the
    present one; how many they were.

    Snakemake takes what is older than its input for damaged, so nothing made now could follow from
    such a file.

    Raises
    ------
    UserError
        If a file is another user's, who alone may do that.
    """
    now, count = time.time(), 0
    for path in (folder, *folder.rglob("*")):
        try:
            if path.lstat().st_mtime > now:
                os.utime(path, (now, now), follow_symlinks=False)
                count += 1
        except FileNotFoundError:  # a dying process took its temporary file away
            continue
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UserError(
                f"{path}: bears a time in the future, which cannot be changed: {reason}; `touch` it"
            ) from None
    return count


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once; see `whole`."""
    with whole(path) as file:
        file.write(content)
