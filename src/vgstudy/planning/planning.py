"""Which jobs a study still needs, given the manifests and results on disk. Planning writes nothing;
`write_design` does.

A manifest on disk is kept while it serves the study; only runs that no kept job covers are packed
into new jobs. So growing a study never touches an existing file, and with an empty results folder
the plan is a pure function of the study.
"""

import hashlib
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
from vgstudy.planning import cost, design, manifests
from vgstudy.schema import JOB_TABLES, TRAINED
from vgstudy.store import files
from vgstudy.store.places import job_path

# jobs whose decay factors one process computes: to start takes it longer than a million rows of
# probes
DECAYS_AT_ONCE = 32
MARGIN = 1.1  # memory asked for, over the estimate: a cluster kills what takes more
Key = tuple[str, int]  # of a run: its cell's id and its seed


@dataclass(frozen=True)
class Job:
    """A manifest and what training it takes.

    Attributes
    ----------
    id, path, manifest
        The hash of the manifest, where the manifest is or will be, the manifest itself.
    new, begun, trained
        Whether the manifest is not on disk, or damaged there; whether some of its tables are on
        disk; whether those of training are.
    n_runs, seconds, mem_mb
        Runs it trains, core-seconds of training without start-up, memory in MB to ask for.
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
        """A time limit for a cluster's scheduler: a quarter of an hour and ten times the
        estimate."""
        return 15 + ceil(10 * (cost.START_UP + self.seconds) / 60)


@dataclass(frozen=True)
class Plan:
    """The jobs of a study by id, and the job of every run.

    Attributes
    ----------
    study, folder
        The study and its results folder.
    jobs
        Kept ones first, then new ones.
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
    cells: list[design.LabelledCell]
    job_of: Mapping[Key, str]
    left_out: int = 0

    @cached_property
    def digest(self) -> str:
        """Changes when the study or the job of any run does."""
        jobs = (f"\n{cell} {seed} {job}" for (cell, seed), job in self.job_of.items())
        text = self.study.model_dump_json(exclude={"path"}) + "".join(jobs)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def paths(self, *names: str) -> list[Path]:
        """Where these tables of its jobs are."""
        return [job_path(self.folder, name, id_) for name in names for id_ in self.jobs]

    @property
    def undecayed(self) -> dict[int, list[str]]:
        """Ids of the jobs whose decay factors are not on disk, in batches for one process each, by
        the batch's number.

        A job's batch depends on the ids of all jobs alone, so that a job of a cluster, which reads
        the Snakefile again while other batches come and go, finds its own unchanged.
        """
        ids = sorted(self.jobs)
        batches = (
            ids[first : first + DECAYS_AT_ONCE] for first in range(0, len(ids), DECAYS_AT_ONCE)
        )
        missing = (
            [id_ for id_ in batch if not job_path(self.folder, "decays", id_).exists()]
            for batch in batches
        )
        return {number: batch for number, batch in enumerate(missing) if batch}


def plan(study: Study, results: Path) -> Plan:
    """Plan the jobs of a study.

    Parameters
    ----------
    study
        What is wanted.
    results
        The folder with one folder of results for each study; it need not exist.

    Raises
    ------
    UserError
        If the folder cannot be read.
    """
    folder, cells = results / study.name, design.cells(study)
    wanted = {
        (each.cell.id, seed): Run(cell=each.cell, seed=seed)
        for each in cells
        for seed in study.seeds
    }
    try:
        found = list(_on_disk(folder, study))
    except PermissionError as error:
        raise UserError(
            f"{error.filename}: cannot be read: permission denied; give yourself the right to"
        ) from None
    job_of, kept = _keep(found, wanted)
    left_out = {
        (run.cell.id, run.seed) for job, runs in found if job.trained for run in runs
    } - wanted.keys()
    missing = [run for key, run in wanted.items() if key not in job_of]
    jobs = {job.id: job for job in kept}
    for runs in design.pack(design.stack(missing), study.log):
        job = _job(folder, manifests.make(study.name, study.log, runs), runs, study.log, new=True)
        jobs[job.id] = job
        job_of |= {(run.cell.id, run.seed): job.id for run in runs}
    return Plan(study, folder, jobs, cells, {key: job_of[key] for key in wanted}, len(left_out))


def _keep(
    found: Iterable[tuple[Job, list[Run]]], wanted: Mapping[Key, Run]
) -> tuple[dict[Key, str], list[Job]]:
    """The job of every run that a manifest on disk covers, and those manifests.

    Those with tables serve if they cover anything still uncovered; others only if all they train is
    wanted and uncovered. A table that is being made again is gone for a while, but never all of a
    job's: the plan does not change in the middle of a workflow.
    """
    job_of: dict[Key, str] = {}
    kept = []
    for job, runs in sorted(found, key=lambda pair: (not pair[0].begun, pair[0].id)):
        keys = [(run.cell.id, run.seed) for run in runs]
        useful = [key for key in keys if key in wanted and key not in job_of]
        if useful and (job.begun or len(useful) == len(keys)):
            kept.append(job)
            job_of |= dict.fromkeys(useful, job.id)
    return job_of, kept


def _on_disk(folder: Path, study: Study) -> Iterator[tuple[Job, list[Run]]]:
    """Jobs with manifests or results of this training version and these log settings, and their
    runs."""
    usual = manifests.make(study.name, study.log, [])
    trained = (path.stem for table in TRAINED for path in (folder / table).glob("*.parquet"))
    for id_ in sorted({*(path.stem for path in (folder / "jobs").glob("*.json")), *trained}):
        path = folder / "jobs" / f"{id_}.json"
        try:
            manifest, new = manifests.read(path), False
        except UserError:
            manifest, new = _manifest_of_results(path), True
        if {**manifest, "runs": []} == usual:
            try:
                runs = manifests.runs_of(manifest)
            except ValidationError:  # cells of another version of vgstudy
                continue
            yield _job(folder, manifest, runs, study.log, new), runs


def _manifest_of_results(path: Path) -> dict[str, Any]:
    """A damaged or missing manifest as it stands in the footer of what was trained from it; empty
    if nothing was."""
    from vgstudy.store.logs import read_footer  # Arrow is not needed otherwise

    for table in TRAINED:
        try:
            return dict(
                read_footer(job_path(path.parent.parent, table, path.stem)).get("manifest", {})
            )
        except UserError:
            continue
    return {}


def _job(folder: Path, manifest: Mapping[str, Any], runs: list[Run], log: Log, new: bool) -> Job:
    id_, stacks = manifests.job_id(manifest), [cost.groups(s) for s in design.stack(runs)]
    return Job(
        id=id_,
        path=folder / "jobs" / f"{id_}.json",
        manifest=manifest,
        new=new,
        begun=any(job_path(folder, table, id_).exists() for table in JOB_TABLES),
        trained=all(job_path(folder, table, id_).exists() for table in TRAINED),
        n_runs=len(runs),
        seconds=sum(cost.stack_seconds(s, log) for s in stacks),
        mem_mb=ceil(MARGIN * max(cost.stack_bytes(s, log) for s in stacks) / 1e6),
    )


def write_design(plan: Plan) -> None:
    """Write the missing manifests and, if the plan is another one, `runs.parquet`.

    Raises
    ------
    UserError
        If the results folder cannot be written.
    """
    from vgstudy.store import logs  # Arrow is not needed for planning

    path = plan.folder / "runs.parquet"
    for job in plan.jobs.values():
        if job.new:
            files.write_whole(job.path, f"{canonical_json(job.manifest)}\n".encode())
    if not _holds(path, plan.digest):
        footer = {
            "study": plan.study.model_dump(mode="json", exclude={"path"}),
            "digest": plan.digest,
        }
        logs.write_table("runs", _run_columns(plan), path, footer)


def _holds(runs: Path, digest: str) -> bool:
    """Whether the table of runs is there, whole, and that of the design."""
    from vgstudy.store import logs

    try:
        return bool(logs.verify("runs", runs, digest))
    except UserError:
        return False


def _run_columns(plan: Plan) -> dict[str, list[Any]]:
    rows = [(labelled, seed) for labelled in plan.cells for seed in plan.study.seeds]
    return {
        "cell": [labelled.cell.id for labelled, _ in rows],
        "seed": [seed for _, seed in rows],
        "job": [plan.job_of[labelled.cell.id, seed] for labelled, seed in rows],
        "depth": [labelled.cell.depth for labelled, _ in rows],
        "width": [labelled.cell.width for labelled, _ in rows],
        "activation": [labelled.activation for labelled, _ in rows],
        "initializer": [labelled.initializer for labelled, _ in rows],
        "optimizer": [labelled.optimizer for labelled, _ in rows],
    }
