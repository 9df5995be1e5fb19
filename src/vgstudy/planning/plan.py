"""Which jobs a study still needs, given the manifests and results on disk.

Planning writes nothing; `write_design` does. A manifest on disk is kept while it serves the study;
only runs that no kept job covers are packed into new jobs. So growing a study never touches an
existing file, and with an empty results folder the plan is a pure function of the study.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vgstudy.cells import Run, canonical_json
from vgstudy.config.log import Log
from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.planning import cost, manifests
from vgstudy.planning.stacks import groups, stack
from vgstudy.planning.study_cells import LabelledCell, cells_of
from vgstudy.schema import FACTORS, TRAINED
from vgstudy.store import files
from vgstudy.store.parquet import check_footer, read_footer, write_table
from vgstudy.store.tables import job_path

# memory to ask for, over the estimate: a cluster kills what takes more
MARGIN = 1.1
# of a run: its cell's id and its seed
Key = tuple[str, int]


@dataclass(frozen=True)
class Job:
    """A manifest and what training it takes.

    Attributes
    ----------
    id, path, manifest
        The hash of the manifest, where the manifest is or will be, the manifest itself.
    new
        Whether the manifest is not on disk, or damaged there.
    begun, trained
        Whether some, and whether all tables of training are on disk.
    n_runs, seconds, mem_mb
        Runs to train, core-seconds of training without start-up, memory to ask for in MB.
    """

    id: str
    path: Path
    manifest: Mapping[str, Any]
    new: bool
    begun: bool
    trained: bool
    n_runs: int
    seconds: float
    mem_mb: int

    @property
    def minutes(self) -> int:
        """Time limit for a cluster's scheduler: a quarter of an hour and ten times the estimate."""
        return 15 + ceil(10 * (cost.START_UP + self.seconds) / 60)


@dataclass(frozen=True)
class Plan:
    """The jobs of a study by id, and the job of every run.

    Attributes
    ----------
    study, folder
        The study and its results folder.
    jobs
        The jobs by id: first those on disk, then new ones.
    cells
        The study's cells with the names of their levels.
    job_of
        Job id of every run of the study, by cell id and seed, in the design's order.
    left_out
        Trained runs on disk that are not in the study.
    """

    study: Study
    folder: Path
    jobs: Mapping[str, Job]
    cells: list[LabelledCell]
    job_of: Mapping[Key, str]
    left_out: int = 0

    @property
    def untrained(self) -> list[Job]:
        """The jobs that still have to be trained."""
        return [job for job in self.jobs.values() if not job.trained]

    @cached_property
    def digest(self) -> str:
        """A hash that changes when the study or the job of any run does."""
        jobs = (f"\n{cell} {seed} {job}" for (cell, seed), job in self.job_of.items())
        text = self.study.model_dump_json(exclude={"path"}) + "".join(jobs)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def study_path(self) -> Path:
        """A copy of the study; another design has another name."""
        return self.folder / f"study-{self.digest}.json"

    def paths(self, *names: str) -> list[Path]:
        """Return the paths of these tables of all jobs."""
        return [job_path(self.folder, name, id_) for name in names for id_ in self.jobs]


def plan_study(study: Study, results: Path) -> Plan:
    """Plan the jobs of a study.

    Parameters
    ----------
    results
        The folder with one folder of results for each study; it need not exist.

    Raises
    ------
    UserError
        If the folder cannot be read.
    """
    folder, cells = results / study.name, cells_of(study)
    study_runs = {
        (labelled.cell.id, seed): Run(cell=labelled.cell, seed=seed)
        for labelled in cells
        for seed in study.seeds
    }
    try:
        on_disk = list(_on_disk(folder, study))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{error.filename}: cannot be read: {reason}; fix that") from None
    job_of, kept = _keep(on_disk, study_runs)
    trained = {(run.cell.id, run.seed) for job, runs in on_disk if job.trained for run in runs}
    missing = [run for key, run in study_runs.items() if key not in job_of]
    jobs = {job.id: job for job in kept}
    for runs in cost.pack(stack(missing), study.log):
        job = _job(folder, manifests.make(study.name, study.log, runs), runs, study.log, new=True)
        jobs[job.id] = job
        job_of |= {(run.cell.id, run.seed): job.id for run in runs}
    ordered = {key: job_of[key] for key in study_runs}
    return Plan(study, folder, jobs, cells, ordered, len(trained - study_runs.keys()))


def _keep(
    on_disk: Iterable[tuple[Job, list[Run]]], study_runs: Mapping[Key, Run]
) -> tuple[dict[Key, str], list[Job]]:
    """Return the job of every run that a manifest on disk covers, and those jobs.

    A job with tables is kept if it covers any run that is still uncovered; another one only if all
    that it trains belongs to the study and is uncovered.
    """
    job_of: dict[Key, str] = {}
    kept = []
    for job, runs in sorted(on_disk, key=lambda pair: (not pair[0].begun, pair[0].id)):
        keys = [(run.cell.id, run.seed) for run in runs]
        useful = [key for key in keys if key in study_runs and key not in job_of]
        if useful and (job.begun or len(useful) == len(keys)):
            kept.append(job)
            job_of |= dict.fromkeys(useful, job.id)
    return job_of, kept


def _on_disk(folder: Path, study: Study) -> Iterator[tuple[Job, list[Run]]]:
    """Yield jobs on disk of this training version and these log settings, and their runs."""
    without_runs = manifests.make(study.name, study.log, [])
    tables = (path.stem for table in TRAINED for path in (folder / table).glob("*.parquet"))
    for id_ in sorted({*(path.stem for path in (folder / "jobs").glob("*.json")), *tables}):
        path = folder / "jobs" / f"{id_}.json"
        try:
            manifest, new = manifests.read(path), False
        except UserError:
            manifest, new = _manifest_of_results(path), True
        if {**manifest, "runs": []} == without_runs:
            try:
                runs = manifests.runs_of(manifest)
            except ValidationError:
                # cells of another version of vgstudy
                continue
            yield _job(folder, manifest, runs, study.log, new), runs


def _manifest_of_results(path: Path) -> dict[str, Any]:
    """Return a damaged or missing manifest as the footers of its tables have it, or {}."""
    for table in TRAINED:
        try:
            footer = read_footer(job_path(path.parent.parent, table, path.stem))
        except UserError:
            continue
        return dict(footer.get("manifest", {}))
    return {}


def _job(folder: Path, manifest: Mapping[str, Any], runs: list[Run], log: Log, new: bool) -> Job:
    id_ = manifests.job_id(manifest)
    stacks = [groups(stacked) for stacked in stack(runs)]
    exists = [job_path(folder, table, id_).exists() for table in TRAINED]
    return Job(
        id=id_,
        path=folder / "jobs" / f"{id_}.json",
        manifest=manifest,
        new=new,
        begun=any(exists),
        trained=all(exists),
        n_runs=len(runs),
        seconds=sum(cost.stack_seconds(s, log) for s in stacks),
        mem_mb=ceil(MARGIN * max(cost.stack_bytes(s, log) for s in stacks) / 1e6),
    )


def write_design(plan: Plan) -> None:
    """Write the missing manifests, the study and, if the plan is another one, `runs.parquet`.

    Raises
    ------
    UserError
        If the results folder cannot be written.
    """
    path = plan.folder / "runs.parquet"
    for job in plan.jobs.values():
        if job.new:
            files.write_whole(job.path, f"{canonical_json(job.manifest)}\n".encode())
    study = plan.study.model_dump(mode="json", exclude={"path"})
    if not _holds(path, plan.digest):
        write_table("runs", _run_columns(plan), path, {"study": study, "digest": plan.digest})
    if not plan.study_path.exists():
        for other in plan.folder.glob("study-*.json"):
            other.unlink()
        files.write_whole(plan.study_path, f"{json.dumps(study, indent=1)}\n".encode())


def _holds(runs: Path, digest: str) -> bool:
    """Return whether the table of runs is there and of this design."""
    try:
        return bool(check_footer("runs", runs, digest))
    except UserError:
        return False


def _run_columns(plan: Plan) -> dict[str, list[Any]]:
    rows = [(labelled, seed) for labelled in plan.cells for seed in plan.study.seeds]
    return {
        "cell": [labelled.cell.id for labelled, _ in rows],
        "seed": [seed for _, seed in rows],
        "job": [plan.job_of[labelled.cell.id, seed] for labelled, seed in rows],
        **{name: [labelled.levels[name] for labelled, _ in rows] for name in FACTORS},
    }
