"""What the workflow knows before its first job."""

from dataclasses import replace
from pathlib import Path

import pytest

from vgstudy.config.load import load_study
from vgstudy.errors import UserError
from vgstudy.planning import preflight
from vgstudy.planning.planning import Job, plan, write_design
from vgstudy.planning.prepared import Prepared, prepare
from vgstudy.schema import JOB_TABLES, TRAINED

STUDY = load_study(Path(__file__).parents[2] / "config/studies/smoke.yaml")


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    return prepare([STUDY], tmp_path / "results")


def the_job(prepared: Prepared) -> Job:
    return next(iter(prepared.jobs.values()))


def test_an_empty_folder_has_nothing_damaged_and_stays_empty(
    prepared: Prepared, tmp_path: Path
) -> None:
    assert prepared.damaged == {}
    assert list(tmp_path.iterdir()) == []


def test_jobs_and_paths_are_those_of_the_plans_by_hand(prepared: Prepared, tmp_path: Path) -> None:
    ids, folder = list(prepared.plans["smoke"].jobs), tmp_path / "results/smoke"
    assert list(prepared.jobs) == [("smoke", id_) for id_ in ids]
    assert set(prepared.job_paths) == {
        folder / table / f"{id_}.parquet" for id_ in ids for table in JOB_TABLES
    }
    assert set(prepared.job_paths) < set(prepared.paths)
    assert {folder / "runs.parquet", folder / "estimates.parquet", folder / "figures"} < set(
        prepared.paths
    )


def test_what_is_damaged_is_found_except_in_a_job_of_a_cluster(prepared: Prepared) -> None:
    own = prepared.plans["smoke"]
    write_design(own)
    runs = own.folder / "runs.parquet"
    runs.write_bytes(runs.read_bytes()[:-1])
    assert prepare([STUDY], prepared.results).damaged.keys() == {runs}
    assert prepare([STUDY], prepared.results, look=False).damaged == {}


def test_a_job_with_a_damaged_table_needs_disk_and_memory_again(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = prepared.plans["smoke"]
    write_design(own)
    for table in TRAINED:
        for path in own.paths(table):
            path.parent.mkdir(exist_ok=True)
            path.write_text("no table")
    assert all(job.trained for job in plan(STUDY, prepared.results).jobs.values())
    again = prepare([STUDY], prepared.results)
    assert not any(job.trained for job in again.jobs.values())
    monkeypatch.setattr(preflight, "memory", lambda kind: 1)
    with pytest.raises(UserError, match="smoke: its largest job needs"):
        preflight.check_memory(again.plans.values())
    monkeypatch.setattr(
        preflight,
        "disk_bytes",
        lambda planned: 1e15 * any(not job.trained for job in planned.jobs.values()),
    )
    with pytest.raises(UserError, match="make room first"):
        prepare([STUDY], prepared.results)


def test_a_machine_that_will_not_do_is_refused_except_in_a_job_of_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(UserError, match="results: cannot be written"):
        prepare([STUDY], tmp_path / "results")
    prepare([STUDY], tmp_path / "results", look=False)


def waits(prepared: Prepared, job: Job, *damaged: Path) -> list[str]:
    """What training a job waits for if these are damaged, an ancient file marked."""
    jobs = {**prepared.plans["smoke"].jobs, job.id: job}
    plans = {"smoke": replace(prepared.plans["smoke"], jobs=jobs)}
    return Prepared(prepared.results, plans, dict.fromkeys(damaged, "")).manifest(
        "smoke", job.id, "ancient {}".format
    )


def test_training_waits_for_its_manifest_whatever_the_age_of_that(prepared: Prepared) -> None:
    new = the_job(prepared)
    for job in (new, replace(new, new=False), replace(new, new=False, trained=True)):
        assert waits(prepared, job) == [f"ancient {job.path}"]


def test_a_manifest_alone_that_is_written_again_makes_nothing_train(prepared: Prepared) -> None:
    job = replace(the_job(prepared), new=True, trained=True)
    assert waits(prepared, job) == waits(prepared, job, job.path) == []
    assert waits(prepared, job, job.path, prepared.plans["smoke"].folder / "runs.parquet") == []


@pytest.mark.parametrize("table", JOB_TABLES)
def test_a_manifest_that_is_written_again_with_a_table_of_its_job_counts_by_its_age(
    prepared: Prepared, table: str
) -> None:
    job = replace(the_job(prepared), new=True, trained=True)
    own = prepared.plans["smoke"].folder / table / f"{job.id}.parquet"
    assert waits(prepared, job, job.path, own) == [str(job.path)]
    assert waits(prepared, replace(job, new=False), own) == [f"ancient {job.path}"]


def test_damaged_checks_of_the_methods_are_told_from_other_damage(prepared: Prepared) -> None:
    results = prepared.results
    results.mkdir()
    (results / "coverage.parquet").write_text("no table")
    again = prepare([STUDY], results)
    assert again.checks == ["coverage"]
    assert again.has_damaged_checks
    assert not replace(again, damaged={results / "claims.parquet": ""}).has_damaged_checks


def test_what_will_happen_is_told_with_what_is_damaged(prepared: Prepared) -> None:
    said = list(replace(prepared, damaged={Path("x"): "x is damaged"}).told(cores=2))
    assert said[0].startswith("smoke: trains 216 runs in ")
    assert "x is damaged" in said
