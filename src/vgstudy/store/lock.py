"""One workflow at a time in a results folder."""

import errno
import fcntl
import os
import time
from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.store.files import unwritable

# some network file systems know no locks: two workflows there disturb each other, but write whole
# and equal files
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def told(folder: Path) -> str | None:
    """Which workflow is at work in a folder, in words; None if none is."""
    try:
        with (folder / ".lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return (
                    f"{folder}: another workflow (process {file.read(20).strip()}) is at work here"
                )
    except OSError:  # no lock, or no file system that knows locks
        pass
    return None


def hold(folder: Path) -> None:
    """Lock a folder, made if need be, until this process ends, in whatever way: the kernel frees
    the lock, nothing stays behind.

    Raises
    ------
    UserError
        If another process holds the lock, or the folder cannot be written.
    """
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT, 0o666
        )  # never closed: closing would free the lock
        if not _locked(descriptor):
            os.close(descriptor)
            found = told(folder) or f"{folder}: another workflow was at work here"
            raise UserError(f"{found}; wait until it is done, or stop it")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise unwritable(path, error) from None


def _locked(descriptor: int) -> bool:
    """Whether the lock was free; who only looks at it, as `told` does, holds it for an instant."""
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False
