"""Jobs never change once trained, and growing a study plans only what is new."""

import asyncio
import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from snakemake.resources import Resources

from vgstudy import cells
from vgstudy.cells import canonical_json
from vgstudy.config import yamlfile
from vgstudy.config.load import load_study
from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.planning import cost, manifests, stacks, study_cells
from vgstudy.planning.plan import Job, Plan, plan_study, write_design
from vgstudy.schema import TABLES
from vgstudy.store import parquet

STUDIES = Path(__file__).parents[2] / "config/studies"


@pytest.fixture(autouse=True)
def _small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "TARGET", 0.4)
    monkeypatch.setattr(stacks, "MAX_STACK", 32)


@pytest.fixture
def first(smoke: Study, tmp_path: Path) -> Plan:
    """The plan of the smoke study, written."""
    planned = plan_study(smoke, tmp_path)
    write_design(planned)
    return planned


def changed(study: Study, factors: dict[str, Any] | None = None, **fields: Any) -> Study:
    return study.model_copy(
        update={"factors": study.factors.model_copy(update=factors or {}), **fields}
    )


def pretend_trained(plan: Plan, ids: list[str]) -> None:
    for job in ids:
        for table in ("probes", "curves"):
            path = plan.folder / table / f"{job}.parquet"
            path.parent.mkdir(exist_ok=True)
            path.touch()


def runs_of(job: Job) -> list[tuple[str, int]]:
    return [(run.cell.id, run.seed) for run in manifests.runs_of(job.manifest)]


def covered(plan: Plan) -> Counter[tuple[str, int]]:
    """How many of the plan's jobs train each run."""
    return Counter(key for job in plan.jobs.values() for key in runs_of(job))


def wanted(study: Study) -> set[tuple[str, int]]:
    return {(run.cell.id, run.seed) for run in study_cells.runs_of(study)}


def is_of_a_job(name: str) -> bool:
    """Whether a file belongs to a job, and not to the design as a whole."""
    return name.startswith(("smoke/jobs/", "smoke/probes/", "smoke/curves/"))


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_a_plan_without_results_covers_every_run_once(smoke: Study, tmp_path: Path) -> None:
    planned = plan_study(smoke, tmp_path / "results")
    assert covered(planned) == Counter(wanted(smoke)) == Counter(list(planned.job_of))
    assert all(job.new and not job.trained for job in planned.jobs.values())
    assert len(planned.jobs) > 4
    assert list(tmp_path.iterdir()) == []


def test_a_plan_without_results_is_a_function_of_the_study(smoke: Study, tmp_path: Path) -> None:
    here, there = (
        plan_study(smoke, tmp_path / "a"),
        plan_study(load_study(STUDIES / "smoke.yaml"), tmp_path / "b"),
    )
    assert list(here.jobs) == list(there.jobs)
    assert here.job_of == there.job_of
    assert here.digest == there.digest


def test_planning_again_changes_nothing_however_far_training_got(
    smoke: Study, first: Plan, tmp_path: Path
) -> None:
    before = files(tmp_path)
    rng, ids = random.Random(0), sorted(first.jobs)
    rng.shuffle(ids)
    for job in ids:
        again = plan_study(smoke, tmp_path)
        write_design(again)
        assert (again.jobs.keys(), again.job_of, again.digest) == (
            first.jobs.keys(),
            first.job_of,
            first.digest,
        )
        assert not any(j.new for j in again.jobs.values())
        pretend_trained(first, [job])
    assert before.items() <= files(tmp_path).items()
    assert all(job.trained for job in plan_study(smoke, tmp_path).jobs.values())


GROWTHS = [
    {"seeds": tuple(range(7))},
    {"factors": {"depth": (1, 2, 4, 6)}},
    {"factors": {"width": (5, 7)}},
    {"seeds": (0, 2, 9), "factors": {"depth": (4, 6, 8)}},
]


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize("trained", [0.0, 0.5, 1.0])
def test_growing_plans_only_new_runs_and_touches_no_file(
    smoke: Study, first: Plan, tmp_path: Path, growth: dict[str, Any], trained: float
) -> None:
    done = sorted(first.jobs)[: int(trained * len(first.jobs))]
    pretend_trained(first, done)
    before = {name: file for name, file in files(tmp_path).items() if is_of_a_job(name)}
    grown = changed(smoke, **growth)
    later = plan_study(grown, tmp_path)
    write_design(later)
    new_runs = Counter(key for job in later.jobs.values() if job.new for key in runs_of(job))
    assert set(later.job_of) == wanted(grown)
    assert max(new_runs.values()) == 1
    assert {key for key, job in first.job_of.items() if job in done}.isdisjoint(new_runs)
    if wanted(smoke) < wanted(grown):
        assert set(new_runs) == wanted(grown) - wanted(smoke)
        assert set(first.jobs) < set(later.jobs)
    assert before.items() <= files(tmp_path).items()
    assert plan_study(grown, tmp_path).job_of == later.job_of


@pytest.mark.parametrize("history", range(6))
def test_no_history_of_edits_trains_a_run_twice_or_in_vain(
    smoke: Study, tmp_path: Path, history: int
) -> None:
    rng, done = random.Random(history), set[tuple[str, int]]()
    for _ in range(6):
        depths, seeds = (
            rng.sample([1, 2, 4, 6], rng.randint(1, 3)),
            rng.sample(range(9), rng.randint(1, 6)),
        )
        study = changed(smoke, {"depth": tuple(sorted(depths))}, seeds=tuple(sorted(seeds)))
        planned = plan_study(study, tmp_path)
        assert set(planned.job_of) == wanted(study)
        assert set(planned.jobs) == set(planned.job_of.values())
        todo = Counter(
            key for job in planned.jobs.values() if not job.trained for key in runs_of(job)
        )
        assert set(todo) == wanted(study) - done
        assert max(todo.values(), default=1) == 1
        write_design(planned)
        for job in rng.sample(sorted(planned.jobs), rng.randint(0, len(planned.jobs))):
            pretend_trained(planned, [job])
            done |= set(runs_of(planned.jobs[job]))
            again = plan_study(study, tmp_path)
            assert (again.job_of, again.digest) == (planned.job_of, planned.digest)


def test_a_shrunk_study_keeps_the_trained_jobs_it_needs(
    smoke: Study, first: Plan, tmp_path: Path
) -> None:
    pretend_trained(first, list(first.jobs))
    small = changed(smoke, {"depth": (4,)}, seeds=(1,))
    later = plan_study(small, tmp_path)
    assert set(later.job_of) == wanted(small)
    assert set(later.jobs) == {first.job_of[key] for key in wanted(small)}


def test_half_written_results_do_not_count_as_trained(
    smoke: Study, first: Plan, tmp_path: Path
) -> None:
    job = next(iter(first.jobs))
    (first.folder / "probes").mkdir()
    (first.folder / "probes" / f"{job}.parquet").touch()
    assert not plan_study(smoke, tmp_path).jobs[job].trained


@pytest.mark.parametrize("change", ["log", "stage"])
def test_other_log_settings_or_another_training_version_train_again(
    smoke: Study, first: Plan, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_trained(first, list(first.jobs))
    if change == "stage":
        monkeypatch.setattr(manifests, "STAGES", {"train": -1})
    other = (
        smoke
        if change == "stage"
        else changed(smoke, log=smoke.log.model_copy(update={"test_every": 5}))
    )
    later = plan_study(other, tmp_path)
    assert all(job.new for job in later.jobs.values())
    assert first.jobs.keys().isdisjoint(later.jobs)


def test_title_and_contrasts_do_not_train_again_but_reach_the_tables(
    smoke: Study, first: Plan, tmp_path: Path
) -> None:
    later = plan_study(changed(smoke, title="Another title"), tmp_path)
    assert later.jobs.keys() == first.jobs.keys()
    assert later.digest != first.digest
    write_design(later)
    assert parquet.read_footer(tmp_path / "smoke/runs.parquet")["study"]["title"] == "Another title"


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"study": "smoke"}'])
def test_a_damaged_manifest_is_written_again(
    smoke: Study, first: Plan, tmp_path: Path, damage: str
) -> None:
    path = next(iter(first.jobs.values())).path
    whole = path.read_bytes()
    path.write_text(damage)
    with pytest.raises(UserError, match=f"^{path}: .*`rm {path}`"):
        manifests.read(path)
    again = plan_study(smoke, tmp_path)
    assert again.job_of == first.job_of
    write_design(again)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("is_there", [True, False])
def test_the_results_of_a_damaged_or_missing_manifest_are_kept(
    smoke: Study, first: Plan, tmp_path: Path, is_there: bool
) -> None:
    """Their footer holds it, so growing the study does not train their runs again."""
    for job in first.jobs.values():
        empty = {
            name: pa.array([], type=type_) for name, (type_, _) in TABLES["probes"].columns.items()
        }
        parquet.write_table(
            "probes",
            empty,
            tmp_path / "smoke/probes" / f"{job.id}.parquet",
            {"job": job.id, "manifest": job.manifest},
        )
        (tmp_path / "smoke/curves").mkdir(exist_ok=True)
        (tmp_path / "smoke/curves" / f"{job.id}.parquet").touch()
        job.path.write_text("") if is_there else job.path.unlink()
    again = plan_study(smoke, tmp_path)
    assert (again.job_of, again.digest) == (first.job_of, first.digest)
    assert all(job.new and job.trained for job in again.jobs.values())
    grown = plan_study(changed(smoke, seeds=(0, 1, 2, 3, 4)), tmp_path)
    assert first.jobs.keys() < grown.jobs.keys()
    assert grown.job_of.items() > first.job_of.items()
    write_design(grown)
    assert all(manifests.read(job.path) == job.manifest for job in first.jobs.values())


def test_a_manifest_with_cells_of_another_version_serves_nothing(
    smoke: Study, tmp_path: Path
) -> None:
    first = plan_study(smoke, tmp_path)
    manifest = json.loads(canonical_json(next(iter(first.jobs.values())).manifest))
    manifest["runs"][0]["cell"]["dropout"] = 0.5
    path = first.folder / "jobs" / f"{manifests.job_id(manifest)}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(manifest))
    assert plan_study(smoke, tmp_path).job_of == first.job_of


def test_runs_table_by_hand(smoke: Study, tmp_path: Path) -> None:
    planned = plan_study(smoke, tmp_path)
    write_design(planned)
    rows = parquet.read_table("runs", tmp_path / "smoke/runs.parquet").to_pylist()
    assert {(row["cell"], row["seed"]): row["job"] for row in rows} == planned.job_of
    assert len(rows) == 54 * 4
    first = {
        "seed": 0,
        "depth": 1,
        "width": 5,
        "activation": "tanh",
        "initializer": "Xavier",
        "optimizer": "SGD",
        "rate_factor": 1.0,
        "remedy": "none",
    }
    assert rows[0].items() >= first.items()
    footer = parquet.read_footer(tmp_path / "smoke/runs.parquet")
    assert Study.model_validate({**footer["study"], "path": smoke.path}) == smoke


def test_where_the_study_file_lies_reaches_no_result(smoke: Study, tmp_path: Path) -> None:
    moved = load_study(Path(shutil.copy(STUDIES / "smoke.yaml", tmp_path)))
    assert moved.path != smoke.path
    here, there = plan_study(smoke, tmp_path / "a"), plan_study(moved, tmp_path / "b")
    footers = []
    for planned in (here, there):
        write_design(planned)
        footers.append(parquet.read_footer(planned.folder / "runs.parquet"))
    assert here.digest == there.digest == footers[0]["digest"] == footers[1]["digest"]
    assert footers[0]["study"] == footers[1]["study"]
    assert str(tmp_path) not in json.dumps(footers)


def test_manifests_are_what_their_jobs_say(smoke: Study, tmp_path: Path) -> None:
    planned = plan_study(smoke, tmp_path)
    write_design(planned)
    for job in planned.jobs.values():
        assert json.loads(job.path.read_text()) == job.manifest
        assert job.path == tmp_path / "smoke/jobs" / f"{job.id}.json"
        assert (
            job.n_runs
            == len(manifests.runs_of(job.manifest))
            == sum(j == job.id for j in planned.job_of.values())
        )
        assert 0 < job.seconds < 2 * cost.TARGET
        assert cost.BASE_BYTES / 1e6 < job.mem_mb < 2048
        assert job.minutes >= 15
    assert sorted(p.name for p in (tmp_path / "smoke/jobs").iterdir()) == sorted(
        f"{job}.json" for job in planned.jobs
    )


def test_a_job_gets_a_quarter_of_an_hour_and_ten_times_the_estimate_by_hand() -> None:
    job = Job(
        "0",
        Path("0.json"),
        {},
        new=True,
        begun=False,
        trained=False,
        n_runs=1,
        seconds=120 - cost.START_UP,
        mem_mb=1100,
    )
    assert job.minutes == 15 + 20


def test_steps_without_a_cost_model_get_more_on_another_attempt_by_hand() -> None:
    profile = yamlfile.parse((STUDIES.parents[1] / "profiles/slurm/profile.yaml").read_text())
    parsed = Resources.parse(profile["default-resources"], allow_expressions=True)
    rest = {"input": [], "threads": 1, "rulename": "estimate", "async_run": asyncio.run}
    for name, asked in (("mem_mb", [2000, 4000, 6000]), ("runtime", [30, 60, 90])):
        attempts = range(1, profile["retries"] + 2)
        assert [
            parsed[name].evaluate({}, attempt=attempt, **rest).value for attempt in attempts
        ] == asked


def test_results_that_cannot_be_written_are_named(smoke: Study, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"cannot be written: .*; fix that and start again"):
        write_design(plan_study(smoke, tmp_path / "results"))


def test_planning_the_recommended_study_hashes_cells_not_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake plans whenever it reads its Snakefile, so no work that grows with the seeds may be
    slow."""
    monkeypatch.undo()
    study = load_study(STUDIES / "extensions.yaml", range(30))
    write_design(plan_study(study, tmp_path))
    hashed = []
    monkeypatch.setattr(
        cells, "canonical_json", lambda value: hashed.append(value) or canonical_json(value)
    )
    planned = plan_study(study, tmp_path)
    assert (len(planned.cells), len(planned.job_of)) == (720, 21_600)
    listed = sum(len(job.manifest["runs"]) for job in planned.jobs.values())
    assert len(hashed) <= 2 * 720 + listed  # the study's cells, twice, and the manifests'
