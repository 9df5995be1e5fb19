"""What cannot work is refused before anything is spent; what will happen is said."""

import errno
import os
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from vgstudy.config.load import load_study
from vgstudy.errors import UserError
from vgstudy.planning import cost, damage, preflight, story
from vgstudy.planning.planning import Plan, plan, write_design
from vgstudy.schema import arrow_schema
from vgstudy.store.logs import write_table
from vgstudy.store.sums import write_sums

STUDY = Path(__file__).parents[2] / "config/studies/smoke.yaml"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    return plan(load_study(STUDY), tmp_path / "results")


def test_a_machine_that_will_do_is_not_refused(planned: Plan, tmp_path: Path) -> None:
    preflight.check_access([planned], tmp_path / "results")
    assert list(tmp_path.iterdir()) == []


def test_too_little_disk_space_is_refused_by_hand(
    planned: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = (
        216
        / 54
        * sum(cost.run_bytes(labelled.cell, planned.study.log) for labelled in planned.cells)
    )
    assert preflight.disk_bytes(planned) == pytest.approx(needed)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5 * needed))
    preflight.check_space([planned], tmp_path / "results")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5 * needed - 1))
    with pytest.raises(
        UserError,
        match=r"results: the tables will take [\d.]+ MB and [\d.]+ MB are free; make room first",
    ):
        preflight.check_space([planned], tmp_path / "results")


def test_a_file_that_is_not_mnist_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.npz").write_text("<html>")
    monkeypatch.setenv("VGSTUDY_MNIST", str(tmp_path / "text.npz"))
    untrained = plan(load_study(STUDY.with_name("mnist.yaml")), tmp_path / "results")
    with pytest.raises(UserError, match=r"text\.npz: is not a readable \.npz"):
        preflight.check_data([untrained], tmp_path / "results")
    preflight.check_data([plan(load_study(STUDY), tmp_path / "results")], tmp_path / "results")
    published = plan(load_study(STUDY.with_name("digits.yaml")), tmp_path / "results")
    with pytest.raises(
        UserError, match=r"text\.npz: is not a readable \.npz"
    ):  # the numbers of papers need it
        preflight.check_data([published], tmp_path / "results")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/conformance.parquet").touch()
    preflight.check_data([published], tmp_path / "results")


def test_tables_of_the_methods_are_those_of_a_study_that_is_no_trial_or_that_are_there(
    tmp_path: Path,
) -> None:
    smoke, digits = (load_study(STUDY.with_name(f"{name}.yaml")) for name in ("smoke", "digits"))
    assert preflight.method_tables([smoke], tmp_path) == []
    assert preflight.method_tables([smoke, digits], tmp_path) == ["coverage", "conformance"]
    (tmp_path / "coverage.parquet").touch()
    assert preflight.method_tables([smoke], tmp_path) == ["coverage"]


def test_what_is_trained_takes_no_more_space(planned: Plan) -> None:
    for job in planned.jobs:
        for table in ("probes", "curves"):
            (planned.folder / table).mkdir(parents=True)
            (planned.folder / table / f"{job}.parquet").touch()
    write_design(planned)
    again = plan(planned.study, planned.folder.parent)
    assert preflight.disk_bytes(again) == 0
    assert list(story.training(again, 2)) == ["smoke: all 216 runs are trained"]
    assert list(story.whole([again], planned.folder.parent, 2)) == []


def test_a_job_with_a_damaged_table_is_trained_again(planned: Plan, tmp_path: Path) -> None:
    (job,) = planned.jobs.values()
    trained = replace(planned, jobs={job.id: replace(job, trained=True)})
    for table, again in (("probes", True), ("curves", True), ("decays", False)):
        damaged = {planned.folder / table / f"{job.id}.parquet": "is damaged"}
        first, *more = story.told([damage.made_again(trained, damaged)], tmp_path, 2, damaged)
        assert first.startswith(
            "smoke: trains 216 runs in 1 job" if again else "smoke: all 216 runs are trained"
        )
        assert "is damaged" in more


def test_a_file_or_folder_that_may_not_be_read_is_refused(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_design(planned)
    results, access = planned.folder.parent, os.access
    (results / "report.html").touch()
    (planned.folder / "figures").mkdir()
    for closed in (
        results / "report.html",
        next(iter(planned.jobs.values())).path,
        planned.folder / "figures",
    ):
        monkeypatch.setattr(
            preflight.os,
            "access",
            lambda path, mode, closed=closed: path != closed and access(path, mode),
        )
        with pytest.raises(
            UserError,
            match=f"^{closed}: cannot be read: permission denied; mend that and start again",
        ):
            preflight.check_access([planned], results)
    monkeypatch.undo()
    (results / "gone").symlink_to(
        results / "nowhere"
    )  # as a file that a workflow took away since it was listed
    preflight.check_access([planned], results)


def test_a_place_that_cannot_be_written_is_refused(
    planned: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight.os, "access", lambda path, mode: mode == os.R_OK)
    with pytest.raises(
        UserError, match=f"cannot be written: {tmp_path} is no folder that you may write to"
    ):
        preflight.check_access([planned], tmp_path / "results")
    monkeypatch.undo()
    (tmp_path / "results").write_text("a file where a folder should be")
    with pytest.raises(
        UserError, match=f"cannot be written: {tmp_path}/results is no folder that you may write to"
    ):
        preflight.check_access([planned], tmp_path / "results")


@pytest.mark.parametrize(
    ("installed", "told"),
    [("2.20.0", "tensorflow: 2.20.0 is installed, vgstudy needs "), (None, "none is")],
)
def test_another_tensorflow_is_refused(
    installed: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = preflight.version

    def version(name: str) -> str:
        if name != "tensorflow":
            return found(name)
        if installed is None:
            raise preflight.PackageNotFoundError
        return installed

    preflight.check_packages()
    monkeypatch.setattr(preflight, "version", version)
    with pytest.raises(UserError, match=told):
        preflight.check_packages()


def test_the_story_says_runs_jobs_minutes_and_disk(planned: Plan) -> None:
    (line,) = story.training(planned, 2)
    minutes = cost.wall_seconds([job.seconds for job in planned.jobs.values()], 2) / 60
    assert line.startswith(
        f"smoke: trains 216 runs in 1 job, about {minutes:.1f} minutes on 2 cores, "
    )
    assert line.endswith(" MB of tables")


def test_all_together_by_hand(planned: Plan, tmp_path: Path) -> None:
    """One job on one or two cores: analysis, figures and report follow it."""
    (job,) = planned.jobs.values()
    total = (
        cost.START_UP
        + job.seconds
        + cost.STUDY
        + 54 * cost.STUDY_CELL
        + 216 * cost.STUDY_RUN
        + cost.REPORT
    )
    told = f"all together, with analysis, figures and report: about {total / 60:.1f} core-minutes, {total / 60:.1f} minutes"
    assert [*story.whole([planned], tmp_path, 1)] == [f"{told} on 1 core"]
    assert [*story.whole([planned], tmp_path, 2)] == [f"{told} on 2 cores"]
    assert [*story.whole([planned], tmp_path, None)] == [f"{told} if all run at once"]
    other = replace(
        planned, study=planned.study.model_copy(update={"name": "other", "trial": False})
    )
    both = 2 * total - cost.REPORT + cost.CHECKS
    told = f"all together, with analysis, figures, checks of the methods and report: about {both / 60:.1f} core-minutes, "
    assert [*story.whole([planned, other], tmp_path, 1)] == [
        f"{told}{both / 60:.1f} minutes on 1 core"
    ]


def test_too_little_memory_is_told_with_the_remedy(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(job.mem_mb for job in planned.jobs.values())
    monkeypatch.setattr(preflight, "memory", lambda kind: largest)
    assert len(list(story.training(planned, 2))) == 1
    monkeypatch.setattr(preflight, "memory", lambda kind: largest - 1)
    assert "it does not fit here" in list(story.training(planned, 2))[1]
    twice = replace(planned, jobs=planned.jobs | {"other": next(iter(planned.jobs.values()))})
    monkeypatch.setattr(preflight, "memory", lambda kind: 2 * largest - 1)
    said = list(story.training(twice, 2))[1]
    assert said.endswith(
        f"at most 1 job at a time fit, so call Snakemake with --resources mem_mb={2 * largest - 1}"
    )
    assert len(list(story.training(planned, None))) == 1  # a cluster's memory is not this machine's


def test_a_job_that_no_machine_holds_is_refused_by_hand(
    planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(job.mem_mb for job in planned.jobs.values())
    monkeypatch.setattr(preflight, "memory", {"MemTotal": largest}.get)
    preflight.check_memory([planned])
    monkeypatch.setattr(preflight, "memory", {"MemTotal": largest - 1}.get)
    with pytest.raises(
        UserError,
        match=r"smoke: its largest job needs [\d.]+ GB of memory, this machine has [\d.]+ GB; take",
    ):
        preflight.check_memory([planned])
    trained = {id_: replace(job, trained=True) for id_, job in planned.jobs.items()}
    preflight.check_memory([replace(planned, jobs=trained)])


def test_slurm_where_there_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    preflight.check_cluster("local")
    for name in ("sbatch", "sinfo"):
        with pytest.raises(
            UserError,
            match=f"^SLURM: there is no {name} here; call Snakemake where SLURM's commands work",
        ):
            preflight.check_cluster("slurm")
        (tmp_path / name).write_text("#!/bin/sh\necho 'sinfo: error: no controller' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(UserError, match=r"^SLURM: sinfo: error: no controller; call"):
        preflight.check_cluster("slurm")
    (tmp_path / "sinfo").write_text("#!/bin/sh\n")
    preflight.check_cluster("slurm")


def test_results_of_another_design_are_told_and_made_again(planned: Plan, tmp_path: Path) -> None:
    write_design(planned)
    results = tmp_path / "results"
    assert damage.damaged([plan(planned.study, results)], results) == {}
    grown = plan(load_study(STUDY, range(6)), results)
    assert damage.damaged([grown], results) == {
        results
        / "smoke/runs.parquet": f"{results}/smoke/runs.parquet is of another design than the study's now; "
        "it is made again with what follows from it"
    }


def test_the_smallest_limit_of_the_control_groups_above_counts_by_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = {
        "/proc/meminfo": "MemTotal: 2000000 kB\nMemAvailable: 1000000 kB",
        "/proc/self/cgroup": "1:name=systemd:/\n0::/slurm/job_7/step",
        "/sys/fs/cgroup/slurm/job_7/step/memory.max": "max",
        "/sys/fs/cgroup/slurm/job_7/memory.max": "512000000",
        "/sys/fs/cgroup/memory.max": "900000000",
    }
    monkeypatch.setattr(preflight, "_lines", lambda path: kernel.get(str(path), "").splitlines())
    assert preflight.memory("MemTotal") == 512
    del kernel["/sys/fs/cgroup/slurm/job_7/memory.max"]
    assert preflight.memory("MemTotal") == 900
    kernel["/proc/self/cgroup"] = "0::/elsewhere"
    del kernel["/sys/fs/cgroup/memory.max"]
    assert preflight.memory("MemAvailable") == 1024
    kernel.clear()
    assert preflight.memory("MemTotal") is None


def test_free_memory_is_some() -> None:
    assert 100 < (preflight.memory("MemAvailable") or 1e9) < 1e8


def test_settings_that_reach_the_numbers_or_do_nothing_are_told() -> None:
    assert list(story.settings({"PATH": "x"})) == []
    (numeric,) = story.settings({"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert (
        numeric
        == "TF_ENABLE_ONEDNN_OPTS=0 is set: numbers can differ in their last digits from those made without it"
    )
    (threads,) = story.settings({"TF_NUM_INTRAOP_THREADS": "8"})
    assert (
        threads
        == "TF_NUM_INTRAOP_THREADS=8 is set and has no effect: a job uses the threads that its rule gives it"
    )


def test_folders_below_and_those_of_snakemake_are_looked_at(
    planned: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results"
    access, writable = preflight.os.access, os.W_OK | os.X_OK
    for folder in (results / "smoke/decays", results / "logs", Path(".snakemake/metadata")):
        folder.mkdir(parents=True)
        preflight.check_access([planned], results)
        monkeypatch.setattr(
            preflight.os,
            "access",
            lambda path, mode, own=folder: (path, mode) != (own, writable) and access(path, mode),
        )
        with pytest.raises(
            UserError,
            match=f"results: cannot be written: {folder} is no folder that you may write to",
        ):
            preflight.check_access([planned], results)
        monkeypatch.setattr(preflight.os, "access", access)


def test_damaged_files_are_found_and_whole_ones_are_not(planned: Plan) -> None:
    write_design(planned)
    again = plan(planned.study, planned.folder.parent)
    assert damage.damaged([again], planned.folder.parent) == {}
    runs, manifest = planned.folder / "runs.parquet", next(iter(planned.jobs.values())).path
    runs.write_bytes(runs.read_bytes()[:-1])
    manifest.write_text("{")
    found = damage.damaged([plan(planned.study, planned.folder.parent)], planned.folder.parent)
    assert found.keys() == {runs, manifest}
    assert found[runs].startswith(f"{runs} is truncated or damaged (")
    assert found[runs].endswith("it is made again")


@pytest.mark.parametrize(
    ("number", "told"),
    [("EACCES", "permission denied"), ("EIO", "input/output error"), ("ESTALE", "stale")],
)
def test_a_table_that_cannot_be_read_for_now_is_no_damage(
    planned: Plan, monkeypatch: pytest.MonkeyPatch, number: str, told: str
) -> None:
    write_design(planned)

    def refuse(path: Path, *_: object) -> None:
        raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)), path)

    monkeypatch.setattr("vgstudy.store.logs._verified", refuse)
    with pytest.raises(
        UserError,
        match=rf"runs.parquet cannot be read: {told}.*; mend that and start again: nothing of it is",
    ):
        damage.damaged([planned], planned.folder.parent)


def test_memory_that_runs_out_is_no_damage(planned: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    write_design(planned)

    def refuse(*_: object) -> None:
        raise pa.ArrowMemoryError

    monkeypatch.setattr("vgstudy.store.logs._verified", refuse)
    with pytest.raises(MemoryError):
        damage.damaged([planned], planned.folder.parent)


def test_what_another_version_or_study_made_is_made_again_without_notes_of_snakemake(
    planned: Plan, tmp_path: Path
) -> None:
    write_design(planned)
    results, own = tmp_path / "results", {"digest": planned.digest}
    estimates, claims = planned.folder / "estimates.parquet", results / "claims.parquet"
    none = pa.Table.from_pylist([], schema=arrow_schema("estimates"))
    judged = pa.Table.from_pylist([], schema=arrow_schema("claims"))
    write_table("estimates", none, estimates, own)
    write_table("claims", judged, claims, {"studies": ["smoke"]})
    planned = plan(planned.study, results)
    assert damage.damaged([planned], results) == {}
    write_table("estimates", none, estimates, {"digest": "another"})
    write_table("claims", judged, claims, {"studies": ["smoke", "circles"]})
    assert damage.damaged([planned], results) == {
        estimates: "smoke: tables are of another design than the study's now; they are made again",
        claims: f"{claims} is of other studies; it is made again with what follows from it",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vgstudy.store.logs.STAGES", {})
        write_table("estimates", none, estimates, own)
    assert damage.damaged([planned], results)[estimates] == (
        "tables made by `vgstudy estimate` are of another version of vgstudy; they are made again"
    )


def test_trained_runs_that_the_study_no_longer_has_are_told(planned: Plan) -> None:
    write_design(planned)
    for table in ("probes", "curves"):
        (planned.folder / table).mkdir(parents=True)
        for job in planned.jobs:
            (planned.folder / table / f"{job}.parquet").touch()
    fewer = plan(load_study(STUDY, range(1)), planned.folder.parent)
    left, trained = story.training(fewer, 2)
    assert left == "smoke: 162 trained runs of other levels or seeds stay on disk and are left out"
    assert trained == "smoke: all 54 runs are trained"


def test_pictures_and_pages_are_looked_at(planned: Plan) -> None:
    results, figures = planned.folder.parent, planned.folder / "figures"
    figures.mkdir(parents=True)
    for folder, path, stage in (
        (results, results / "report.html", "report"),
        (figures, figures / "a.svg", "figures"),
    ):
        path.write_text("whole")
        write_sums(folder, [path], stage)
    assert damage.damaged([planned], results) == {}
    (figures / "a.svg").write_text("other")
    (results / "SHA256SUMS").unlink()
    found = damage.damaged([planned], results)
    assert found == {
        figures: f"{figures}/a.svg is damaged or changed; {figures} is made again with what belongs to it",
        results
        / "report.html": f"{results}/SHA256SUMS is missing; {results}/report.html is made again with what belongs to it",
    }
