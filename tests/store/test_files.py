"""A file is whole under its name or not there."""

import os
from pathlib import Path

import pytest

from vgstudy.store.files import whole, write_whole


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
