"""Pictures and pages are whole, or named."""

import subprocess
from pathlib import Path

import pytest

from vgstudy.errors import UserError
from vgstudy.stages import STAGES
from vgstudy.store.sums import NAME, write_sums, wrong


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.svg", "a.csv", "below/c.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"this is {name}")
    write_sums(tmp_path, (path for path in tmp_path.rglob("*.*")), "figures")
    return tmp_path


def test_what_nobody_touched_is_whole(folder: Path) -> None:
    assert wrong(folder, "figures") is None


def test_sums_against_sha256sum(folder: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", NAME], cwd=folder, capture_output=True, text=True
    )
    assert sorted(done.stdout.splitlines()) == ["a.csv: OK", "b.svg: OK", "below/c.csv: OK"]
    assert done.returncode == 0


def test_what_was_changed_or_is_missing_is_named(folder: Path) -> None:
    (folder / "b.svg").write_text("this is d.svg")
    assert wrong(folder, "figures") == f"{folder}/b.svg is damaged or changed"
    (folder / "a.csv").unlink()
    assert wrong(folder, "figures") == f"{folder}/a.csv is missing"


@pytest.mark.parametrize("content", [None, b"\xff", b"no checksum\n"])
def test_sums_that_tell_nothing_are_named_themselves(folder: Path, content: bytes | None) -> None:
    (folder / NAME).unlink() if content is None else (folder / NAME).write_bytes(content)
    assert (
        wrong(folder, "figures")
        == f"{folder}/{NAME} is {'missing' if content is None else 'damaged or of another version'}"
    )


def test_sums_of_other_files_stay_if_wanted(folder: Path) -> None:
    for name in ("a.csv", "b.svg"):
        (folder / name).write_text("changed")
    write_sums(folder, [folder / "a.csv"], "figures", keep=True)
    assert wrong(folder, "figures") == f"{folder}/b.svg is damaged or changed"
    write_sums(folder, [folder / "a.csv"], "figures")
    assert wrong(folder, "figures") is None


def test_sums_that_were_cut_or_are_of_another_version_are_named_themselves(folder: Path) -> None:
    told = f"{folder}/{NAME} is damaged or of another version"
    assert wrong(folder, "report") == told
    whole = (folder / NAME).read_text().splitlines(keepends=True)
    assert whole[0] == f"# 3 files of figures, version {STAGES['figures']}\n"
    for lines in (whole[1:], whole[:-1]):
        (folder / NAME).write_text("".join(lines))
        assert wrong(folder, "figures") == told


def test_a_file_taken_away_before_it_was_summed_gets_no_seal(folder: Path) -> None:
    before = (folder / NAME).read_bytes()
    with pytest.raises(UserError, match=r"gone\.csv: was taken away while report was made"):
        write_sums(folder, [folder / "a.csv", folder / "gone.csv"], "report")
    assert (folder / NAME).read_bytes() == before
