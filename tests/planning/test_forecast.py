"""What the workflow will do and cost, how far a running study is."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from vgstudy.config.load import load_study
from vgstudy.planning import checks, cost, forecast
from vgstudy.planning.forecast import AT_ONCE, progress
from vgstudy.planning.plan import Plan, plan_study, write_design
from vgstudy.planning.speed import Speed
from vgstudy.schema import TABLES, TRAINED
from vgstudy.store.parquet import write_table

STUDY = Path(__file__).parents[2] / "config/studies/smoke.yaml"


def pretend_trained(planned: Plan) -> None:
    write_design(planned)
    for path in planned.paths(*TRAINED):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_training_states_runs_jobs_minutes_and_disk(planned: Plan) -> None:
    (line,) = forecast.training(planned, 2, Speed())
    minutes = cost.wall_seconds([job.seconds for job in planned.jobs.values()], 2) / 60
    start = f"smoke: trains 216 runs in 1 job, about {minutes:.1f} minutes on 2 cores, "
    assert line.startswith(start)
    assert line.endswith(" MB of tables")


def test_nothing_is_left_to_train(planned: Plan) -> None:
    pretend_trained(planned)
    again = plan_study(planned.study, planned.folder.parent)
    assert list(forecast.training(again, 2, Speed())) == ["smoke: all 216 runs are trained"]
    assert list(forecast.total([again], 2, Speed())) == []


def test_trained_runs_that_left_the_study_are_counted(planned: Plan) -> None:
    pretend_trained(planned)
    fewer = plan_study(load_study(STUDY, range(1)), planned.folder.parent)
    left_out, trained = forecast.training(fewer, 2, Speed())
    assert left_out.startswith("smoke: 162 trained runs of other levels or seeds stay on disk")
    assert trained == "smoke: all 54 runs are trained"


def test_total_by_hand(planned: Plan) -> None:
    """One job on one or two cores: analysis, figures and report follow it."""
    (job,) = planned.jobs.values()
    analysis = cost.STUDY + 54 * cost.STUDY_CELL + 216 * cost.STUDY_RUN
    work = cost.START_UP + job.seconds + analysis + cost.REPORT
    assumed = Speed().sentence
    start = "all together, with analysis, figures and report: about"
    one = f"{start} {work / 60:.1f} core-minutes, {work / 60:.1f} minutes"
    assert [*forecast.total([planned], 1, Speed())] == [f"{one} on 1 core; {assumed}"]
    assert [*forecast.total([planned], 2, Speed())] == [f"{one} on 2 cores; {assumed}"]
    assert [*forecast.total([planned], None, Speed())] == [f"{one} if all run at once; {assumed}"]
    both = 2 * work - cost.REPORT
    two = f"{start} {both / 60:.1f} core-minutes, {both / 60:.1f} minutes on 1 core; {assumed}"
    assert [*forecast.total([planned, planned], 1, Speed())] == [two]


def test_too_little_free_memory_comes_with_the_remedy(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(job.mem_mb for job in planned.jobs.values())
    monkeypatch.setattr(checks, "memory", lambda kind: largest)
    assert list(forecast.memory_limit(planned, 2)) == []
    monkeypatch.setattr(checks, "memory", lambda kind: largest - 1)
    assert "it does not fit here" in next(forecast.memory_limit(planned, 2))
    twice = replace(planned, jobs=planned.jobs | {"other": next(iter(planned.jobs.values()))})
    monkeypatch.setattr(checks, "memory", lambda kind: 2 * largest - 1)
    (line,) = forecast.memory_limit(twice, 2)
    remedy = f"so call Snakemake with --resources mem_mb={2 * largest - 1}"
    assert line.endswith(f"at most 1 job at a time fit, {remedy}")
    # the memory of a cluster is not that of this machine
    assert list(forecast.memory_limit(planned, None)) == []


def test_settings_that_change_numbers_are_named() -> None:
    assert list(forecast.settings({"PATH": "x"})) == []
    (numeric,) = forecast.settings({"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert numeric.startswith("TF_ENABLE_ONEDNN_OPTS=0 is set: numbers can differ in their last")


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
