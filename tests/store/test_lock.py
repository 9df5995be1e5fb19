"""One workflow at a time, and no lock outlives its process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vgstudy.errors import UserError
from vgstudy.store import lock

HOLD = "import sys, pathlib; from vgstudy.store import lock; lock.hold(pathlib.Path(sys.argv[1])); print('held'); input()"


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", HOLD, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    return process


def test_a_second_workflow_is_refused_until_the_first_was_killed(tmp_path: Path) -> None:
    with holder(tmp_path / "results") as first:
        with pytest.raises(
            UserError,
            match=rf"another workflow \(process {first.pid}\) is at work here; wait until it is done",
        ):
            lock.hold(tmp_path / "results")
        assert (
            lock.told(tmp_path / "results")
            == f"{tmp_path}/results: another workflow (process {first.pid}) is at work here"
        )
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert lock.told(tmp_path / "results") is None
        with holder(tmp_path / "results") as second:
            assert (tmp_path / "results/.lock").read_text() == f"{second.pid}\n"
            assert second.communicate("\n")[1] == ""


def test_a_look_at_the_lock_is_no_workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks holds the lock for an instant."""
    free = lock.fcntl.flock
    taken = iter([True, True, False])

    def flock(descriptor: int, operation: int) -> None:
        if next(taken):
            raise BlockingIOError
        free(descriptor, operation)

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    lock.hold(tmp_path)
    assert list(taken) == []


def test_a_folder_in_which_nothing_ever_ran_is_free(tmp_path: Path) -> None:
    assert lock.told(tmp_path / "results") is None
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"results/\.lock: cannot be written"):
        lock.hold(tmp_path / "results")


@pytest.mark.parametrize("reason", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    import errno
    import fcntl

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(getattr(errno, reason), "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock.hold(tmp_path)
