"""How far a running study is."""

from datetime import datetime
from pathlib import Path

import pytest

from vgstudy.planning.progress import AT_ONCE, progress
from vgstudy.schema import TABLES
from vgstudy.store.parquet import write_table

NOON = datetime(2026, 1, 1, 12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of four jobs, one of them trained in 5 s of start-up and 295 s of training."""
    study = tmp_path / "results" / "example"
    (study / "jobs").mkdir(parents=True)
    for job in "abcd":
        (study / "jobs" / f"{job}.json").touch()
    train(study, "a")
    return study


def train(study: Path, job: str) -> None:
    empty: dict[str, list[object]] = {name: [] for name in TABLES["curves"].columns}
    cost = {"start_up_cpu_seconds": 5.0, "wall_seconds": 295.0}
    footer = {"job": job, "cost": cost}
    write_table("curves", empty, study / "curves" / f"{job}.parquet", footer)


def test_the_end_of_training_by_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AT_ONCE, "2")
    expected = "example: 1 of 4 jobs trained, about 10.0 minutes left, until 12:10"
    assert progress(folder, NOON) == expected


def test_on_other_machines_only_core_minutes_are_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(AT_ONCE, raising=False)
    expected = "example: 1 of 4 jobs trained, about 15.0 core-minutes left"
    assert progress(folder, NOON) == expected


def test_at_the_end_nothing_is_left(folder: Path) -> None:
    for job in "bcd":
        train(folder, job)
    assert progress(folder, NOON) == "example: 4 of 4 jobs trained"


def test_a_damaged_table_gives_no_time(folder: Path) -> None:
    (folder / "curves" / "a.parquet").write_bytes(b"no table")
    assert progress(folder, NOON) == "example: 1 of 4 jobs trained"
