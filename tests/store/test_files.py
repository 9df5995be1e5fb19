"""A file is whole under its name or not there."""

import os
import time
from pathlib import Path

import pytest

from vgstudy.errors import UserError
from vgstudy.store import files
from vgstudy.store.files import no_later_than_now, whole, write_whole


def test_a_file_has_its_name_once_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/file"
    with whole(path) as file:
        file.write(b"one ")
        assert not path.exists()
        file.write(b"two")
    assert path.read_bytes() == b"one two"
    assert os.listdir(path.parent) == ["file"]


def test_writing_again_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"long content", b"short"):
        write_whole(path, content)
        assert path.read_bytes() == content


def test_an_error_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with pytest.raises(TypeError, match="bytes"), whole(path) as file:
        file.writelines([b"ne", "w"])
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_is_flushed_before_it_gets_its_name_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "file", []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: seen.append((path.exists(), os.fstat(descriptor).st_ino))
    )
    write_whole(path, b"content")
    assert seen == [(False, path.stat().st_ino), (True, tmp_path.stat().st_ino)]


def test_times_in_the_future_are_set_to_now_and_others_stay(tmp_path: Path) -> None:
    for name, ahead in (("past", -500), ("future", 500)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() + ahead,) * 2)
    before = (tmp_path / "past").stat().st_mtime
    assert no_later_than_now(tmp_path) == 1
    assert (tmp_path / "past").stat().st_mtime == before
    assert (tmp_path / "future").stat().st_mtime <= time.time()


def test_a_file_that_vanishes_is_no_matter_and_anothers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.touch()
    os.utime(path, (time.time() + 500,) * 2)

    def refuse(error: type[OSError]) -> None:
        def utime(*_: object, **__: object) -> None:
            raise error(1, "Operation not permitted")

        monkeypatch.setattr(files.os, "utime", utime)

    refuse(FileNotFoundError)
    assert no_later_than_now(tmp_path) == 0
    refuse(PermissionError)
    with pytest.raises(
        UserError,
        match=r"a: bears a time in the future, which cannot be changed: operation not permitted; `t",
    ):
        no_later_than_now(tmp_path)
